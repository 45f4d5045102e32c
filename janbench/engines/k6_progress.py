"""A running k6, seen through its REST API."""

from __future__ import annotations

from typing import Any

import requests

from janbench.model.job import Progress


def read_progress(address: str, elapsed_s: float, previous: Progress | None) -> Progress:
    """Ask k6 at `address` (host:port) how far it is; what it doesn't tell stays None."""
    metrics = _get(address, "/v1/metrics")
    values = {
        entry["id"]: entry["attributes"]["sample"]
        for entry in metrics.get("data") or ()
        if "attributes" in entry
    }
    requests_made = _count(values, "http_reqs")
    failed_rate = values.get("http_req_failed", {}).get("rate")
    iterations = _count(values, "lane_iterations") or _count(values, "iterations")
    before = previous or Progress(elapsed_s)
    passed = elapsed_s - before.elapsed_s
    return Progress(
        elapsed_s=elapsed_s,
        vus=_gauge(values, "vus"),
        iterations=iterations,
        dropped=_count(values, "dropped_iterations"),
        requests=requests_made,
        requests_per_s=_rate(requests_made, before.requests, passed),
        iterations_per_s=_rate(iterations, before.iterations, passed),
        failed=round(failed_rate * requests_made) if failed_rate and requests_made else 0,
    )


def _rate(now: int | None, before: int | None, seconds: float) -> float | None:
    return None if now is None or before is None or seconds <= 0 else (now - before) / seconds


def _get(address: str, path: str) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the user's has no business on loopback
            answer = session.get(f"http://{address}{path}", timeout=1)
            body = answer.json()
    except (requests.RequestException, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _count(values: dict[str, Any], name: str) -> int | None:
    count = values.get(name, {}).get("count")
    return None if count is None else int(count)


def _gauge(values: dict[str, Any], name: str) -> int | None:
    value = values.get(name, {}).get("value")
    return None if value is None else int(value)

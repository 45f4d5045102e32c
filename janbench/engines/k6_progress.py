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
    rate = None
    if requests_made is not None and previous is not None and previous.requests is not None:
        passed = elapsed_s - previous.elapsed_s
        rate = (requests_made - previous.requests) / passed if passed > 0 else None
    ttft = values.get("llm_ttft_ms", {}).get("p(95)")
    return Progress(
        elapsed_s=elapsed_s,
        vus=_gauge(values, "vus"),
        iterations=_count(values, "iterations"),
        dropped=_count(values, "dropped_iterations"),
        requests=requests_made,
        requests_per_s=rate,
        failed=round(failed_rate * requests_made) if failed_rate and requests_made else 0,
        ttft_p95_ms=ttft,
    )


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

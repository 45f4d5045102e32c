"""A running k6 through its REST API."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import requests

from janbench.model.job import Progress

_ANSWER_S = 1.0


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


def sum_progress(seen: Sequence[Progress]) -> Progress:
    """Add up what several instances of one run tell."""

    def total(name: str) -> Any:
        known = [value for one in seen if (value := getattr(one, name)) is not None]
        return sum(known) if known else None

    names = ("vus", "iterations", "dropped", "requests", "requests_per_s", "failed",
             "iterations_per_s")  # fmt: skip
    return Progress(max(one.elapsed_s for one in seen), **{name: total(name) for name in names})


def free_address() -> str:
    """Return a loopback address for k6's REST API: k6 takes port 0, but doesn't say which."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def is_ready(address: str) -> bool:
    """Tell whether k6 has loaded its script and, started with `--paused`, waits to be resumed."""
    return is_paused(address) is True


def is_paused(address: str) -> bool | None:
    """Tell whether k6 waits to be resumed; None when it gives no answer."""
    status = _get(address, "/v1/status").get("data", {}).get("attributes", {})
    paused = status.get("paused")
    return None if paused is None else bool(paused)


def resume(address: str) -> bool:
    """Let a paused k6 begin; False when it gave no answer."""
    change = {"data": {"type": "status", "id": "default", "attributes": {"paused": False}}}
    try:
        with _session() as session:
            url = f"http://{address}/v1/status"
            return session.patch(url, json=change, timeout=_ANSWER_S).ok
    except requests.RequestException:
        return False


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy of the user's has no business on loopback
    return session


def _rate(now: int | None, before: int | None, seconds: float) -> float | None:
    return None if now is None or before is None or seconds <= 0 else (now - before) / seconds


def _get(address: str, path: str) -> dict[str, Any]:
    try:
        with _session() as session:
            body = session.get(f"http://{address}{path}", timeout=_ANSWER_S).json()
    except (requests.RequestException, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _count(values: dict[str, Any], name: str) -> int | None:
    count = values.get(name, {}).get("count")
    return None if count is None else int(count)


def _gauge(values: dict[str, Any], name: str) -> int | None:
    value = values.get(name, {}).get("value")
    return None if value is None else int(value)

"""The server's own pages, which no real server has: `/__truth` and `/__stats`."""

from __future__ import annotations

import time

from janbench.server.http.exchange import HttpRequest, Reply
from janbench.server.state import ServerState


def control(state: ServerState, request: HttpRequest, path: str) -> Reply:
    """Answer a request for one of the pages."""
    if path == "/__truth" and request.method == "GET":
        since = request.query.get("since", "0")
        if not since.isdecimal():
            return Reply.json({"error": f"since={since}: not an index"}, 400)
        return Reply.json(state.truth.page(int(since)))
    if path == "/__truth" and request.method == "DELETE":
        state.truth.clear()
        return Reply.json({"cleared": True})
    if path == "/__stats" and request.method == "GET":
        return Reply.json(stats(state))
    return Reply.json({"error": "known: GET and DELETE /__truth, GET /__stats"}, 404)


def stats(state: ServerState) -> dict[str, object]:
    """Load and throughput; `events` are content-bearing, their rate is that of the last second."""
    slots = state.slots
    return {
        "active": slots.active,
        "queued": slots.queued,
        "served": slots.served,
        "max_concurrent": slots.max_active,
        "requests": state.truth.next_index,
        "events": state.delivery.events,
        "events_per_s": state.events_per_s,
        "connections": len(state.connections),
        "uptime_s": (time.perf_counter_ns() - state.started_ns) / 1e9,
        "cpu_s": time.process_time(),
        "event_loop": state.event_loop,
    }

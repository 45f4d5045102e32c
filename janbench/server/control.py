"""The server's own pages, which no real server has: `/__truth` and `/__stats`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from janbench.server.exchange import Reply, Request

if TYPE_CHECKING:
    from janbench.server.app import App


def control(app: App, request: Request, path: str) -> Reply:
    """Answer a request for one of the pages."""
    if path == "/__truth" and request.method == "GET":
        since = request.query.get("since", "0")
        if not since.isdecimal():
            return Reply.json({"error": f"since={since}: not an index"}, 400)
        return Reply.json(app.truth.page(int(since)))
    if path == "/__truth" and request.method == "DELETE":
        app.truth.clear()
        return Reply.json({"cleared": True})
    if path == "/__stats" and request.method == "GET":
        return Reply.json(stats(app))
    return Reply.json({"error": "known: GET and DELETE /__truth, GET /__stats"}, 404)


def stats(app: App) -> dict[str, object]:
    """Load and throughput; `events` are content-bearing, their rate is that of the last second."""
    slots = app.slots
    return {
        "active": slots.active,
        "queued": slots.queued,
        "served": slots.served,
        "max_concurrent": slots.max_active,
        "requests": app.truth.next_index,
        "events": app.engine.events,
        "events_per_s": app.events_per_s,
        "connections": len(app.connections),
        "uptime_s": (time.perf_counter_ns() - app.started_ns) / 1e9,
        "cpu_s": time.process_time(),
        "event_loop": app.event_loop,
    }

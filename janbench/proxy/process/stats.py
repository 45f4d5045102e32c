"""What a proxy says of itself: `stats.json`, rewritten each second and at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import orjson

from janbench.files import replace_file
from janbench.proxy.http.worker_context import WorkerContext
from janbench.proxy.process.lag import LagSampler
from janbench.proxy.process.system import peak_rss_mb

# Windows replaces no file that somebody reads, which takes them less than this.
_TRIES = 20
_TRY_EVERY_S = 0.01


class Lag(TypedDict):
    """Event-loop lag in ms over all samples."""

    p50: float
    p99: float
    max: float
    samples: int


class Stats(TypedDict):
    """One worker's figures; `cpu_share` is of one core, over the seconds with requests.

    `clock` is what tells when bytes came: `kernel`, or the event `loop`; `clock_steps` how often
    the wall clock was set meanwhile.
    """

    worker: int
    requests: int
    streams: int
    clock: str
    clock_steps: int
    lag_ms: Lag
    cpu_share: float
    cpu_s: float
    wall_s: float
    queue_depth_max: int
    rss_mb_max: float
    upstream_retries: int
    open_client_connections: int


class Meter:
    """Measures CPU and memory of this process; call `tick` each second."""

    def __init__(self, worker: int, context: WorkerContext, lag: LagSampler) -> None:
        self._worker = worker
        self._context = context
        self._lag = lag
        self._started = self._last = time.perf_counter()
        self._cpu_started = self._cpu_last = time.process_time()
        self._requests_last = 0
        self._active_s = 0.0
        self._active_cpu_s = 0.0

    def tick(self) -> None:
        """Add the time since the last tick to the active time if there were requests in it."""
        now, cpu = time.perf_counter(), time.process_time()
        requests = self._context.counters.requests
        if requests != self._requests_last or self._context.live:
            self._active_s += now - self._last
            self._active_cpu_s += cpu - self._cpu_last
        self._last, self._cpu_last, self._requests_last = now, cpu, requests

    def stats(self, queue_depth_max: int) -> Stats:
        """Return the figures so far."""
        counters, lag, clock = self._context.counters, self._lag, self._context.clock
        return {
            "worker": self._worker,
            "requests": counters.requests,
            "streams": counters.streams,
            "clock": "kernel" if clock else "loop",
            "clock_steps": clock.steps if clock else 0,
            "lag_ms": {
                "p50": round(lag.percentile_ms(0.50), 3),
                "p99": round(lag.percentile_ms(0.99), 3),
                "max": round(lag.max_ms, 3),
                "samples": lag.samples,
            },
            "cpu_share": round(self._active_cpu_s / self._active_s, 4) if self._active_s else 0.0,
            "cpu_s": round(time.process_time() - self._cpu_started, 4),
            "wall_s": round(time.perf_counter() - self._started, 3),
            "queue_depth_max": queue_depth_max,
            "rss_mb_max": round(peak_rss_mb(), 1),
            "upstream_retries": counters.retries,
            "open_client_connections": counters.clients,
        }


def merge(workers: Sequence[Stats]) -> Mapping[str, object]:
    """Merge workers: counts and times add up, lag, share, depth and wall take the worst."""
    lags = [stats["lag_ms"] for stats in workers]
    return {
        "requests": sum(stats["requests"] for stats in workers),
        "streams": sum(stats["streams"] for stats in workers),
        "clock": "kernel" if {stats["clock"] for stats in workers} == {"kernel"} else "loop",
        "clock_steps": max((stats["clock_steps"] for stats in workers), default=0),
        "lag_ms": {
            "p50": max((lag["p50"] for lag in lags), default=0.0),
            "p99": max((lag["p99"] for lag in lags), default=0.0),
            "max": max((lag["max"] for lag in lags), default=0.0),
            "samples": sum(lag["samples"] for lag in lags),
        },
        "cpu_share": max((stats["cpu_share"] for stats in workers), default=0.0),
        "cpu_s": round(sum(stats["cpu_s"] for stats in workers), 4),
        "wall_s": max((stats["wall_s"] for stats in workers), default=0.0),
        "queue_depth_max": max((stats["queue_depth_max"] for stats in workers), default=0),
        "rss_mb_max": round(sum(stats["rss_mb_max"] for stats in workers), 1),
        "upstream_retries": sum(stats["upstream_retries"] for stats in workers),
        "open_client_connections": sum(stats["open_client_connections"] for stats in workers),
        "workers": list(workers),
    }


def write_json(path: Path, value: object) -> None:
    """Write a JSON file so that a reader finds the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    replace_file(part, path, tries=_TRIES, every_s=_TRY_EVERY_S)

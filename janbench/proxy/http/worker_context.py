"""What all connections of one worker share."""

from __future__ import annotations

from typing import Protocol

from janbench.arrival.clock import KernelClock
from janbench.model.results.record import Record
from janbench.proxy.http.pool import Pool
from janbench.proxy.http.response_writer import HoldBudget
from janbench.proxy.http.target import UpstreamTarget
from janbench.proxy.message.limits import Limits


class Journal(Protocol):
    """Takes finished records; must not block."""

    def add(self, record: Record) -> None:
        """Take one record."""


class Live(Protocol):
    """An exchange in flight, as the worker sees it."""

    def check_stall(self, now_ns: int, limit_ns: int) -> None:
        """End the stream if nothing has arrived for longer than the limit."""

    def check_head(self, now_ns: int) -> None:
        """End the exchange if the target takes too long over the head of its response."""

    def stop(self) -> None:
        """End the exchange because the proxy ends."""


class Counters:
    """What a worker counts for its statistics."""

    __slots__ = ("clients", "requests", "retries", "streams")

    def __init__(self) -> None:
        self.requests = 0
        self.streams = 0
        self.retries = 0
        self.clients = 0


class WorkerContext:
    """Target, pool, journal and counters; `live` holds every exchange that isn't over."""

    __slots__ = (
        "budget",
        "clock",
        "counters",
        "journal",
        "limits",
        "live",
        "pool",
        "tail_always",
        "tail_secret",
        "target",
    )

    def __init__(
        self,
        target: UpstreamTarget,
        pool: Pool,
        journal: Journal,
        *,
        tail_always: bool,
        tail_secret: bytes = b"",
        limits: Limits | None = None,
        clock: KernelClock | None = None,
    ) -> None:
        self.target = target
        self.pool = pool
        self.journal = journal
        self.tail_always = tail_always
        self.tail_secret = tail_secret
        self.limits = limits or Limits()
        self.clock = clock
        self.budget = HoldBudget()
        self.counters = Counters()
        self.live: set[Live] = set()

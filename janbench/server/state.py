"""Everything that one embedded server holds, for its handlers to read and change."""

from __future__ import annotations

import asyncio
import time

from janbench.server.accounts import Accounts
from janbench.server.generation.clock import Clock
from janbench.server.generation.delivery import DeliveryContext
from janbench.server.generation.model import Model
from janbench.server.generation.slots import Slots
from janbench.server.http.connection import Connection
from janbench.server.options import JAN_DEFAULT_KEY, ServerOptions
from janbench.server.rate_limit import RateLimit
from janbench.server.store import Store
from janbench.server.truth import Truth

_NS = 1_000_000_000


class ServerState:
    """The state of one server; all of it lives in one event loop's thread."""

    def __init__(
        self,
        options: ServerOptions,
        loop: asyncio.AbstractEventLoop,
        event_loop: str,
        commit_error: bytes,
        stream_limit_s: float,
    ) -> None:
        self.commit_error = commit_error  # what a failed commit appends to a body
        self.options = options
        self.event_loop = event_loop
        self.connections: set[Connection] = set()
        self.stopping = False
        self.events_per_s = 0.0
        self._events_before = 0
        self._measured_ns = time.perf_counter_ns()
        self.api_key = options.api_key or JAN_DEFAULT_KEY
        self.accounts = Accounts(options.seed, options.token_ttl_s)
        self.store = Store()
        self.model = Model(options)
        self.slots = Slots(options.slots, options.slowdown)
        self.truth = Truth(options.truth_limit)
        self.rate_limit = RateLimit(options.rate_limit)
        self.started_s = int(time.time())
        self.started_ns = time.perf_counter_ns()
        self.delivery = DeliveryContext(
            Clock(loop), self.slots, round(stream_limit_s * _NS), options.queue_header
        )

    def measure_rate(self) -> None:
        """Take the rate of events since the last call."""
        now, events = time.perf_counter_ns(), self.delivery.events
        self.events_per_s = (events - self._events_before) * _NS / (now - self._measured_ns)
        self._events_before, self._measured_ns = events, now

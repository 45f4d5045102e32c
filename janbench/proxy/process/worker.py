"""One worker: an event loop that serves a listening socket until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns

from janbench.arrival.clock import KernelClock, kernel_stamps
from janbench.arrival.listen import listen
from janbench.errors import CompanionError
from janbench.proxy.http.listener import ClientConnection
from janbench.proxy.http.pool import Pool
from janbench.proxy.http.target import TlsOptions, UpstreamTarget, tls_context
from janbench.proxy.http.worker_context import WorkerContext
from janbench.proxy.message.limits import Limits
from janbench.proxy.process.lag import LagSampler
from janbench.proxy.process.records import NoRecords, RecordWriter
from janbench.proxy.process.stats import Meter, Stats
from janbench.proxy.process.system import (
    allow_many_connections,
    ask_for_fine_timers,
    ask_for_priority,
)
from janbench.service.life import (
    calm_the_collector,
    new_loop,
    stop_on_signals,
    stop_with_parent,
)

_TICK_S = 1.0


@dataclass(frozen=True)
class ProxyOptions:
    """How a proxy runs; times in seconds, `stall_timeout` 0 means never.

    `kernel_time`: take the kernel's time of arrival, where it tells.
    """

    target: UpstreamTarget
    host: str = "127.0.0.1"
    port: int = 0
    records: Path | None = None
    tls: TlsOptions = field(default_factory=TlsOptions)
    workers: int = 1
    connect_timeout: float = 10.0
    stall_timeout: float = 150.0
    tail_always: bool = False
    tail_secret: bytes = field(default=b"", repr=False)
    limits: Limits = field(default_factory=Limits)
    kernel_time: bool = True


class Worker:
    """Serves until SIGTERM, SIGINT, the end of `lifeline`, or a disk that refuses records."""

    def __init__(
        self,
        options: ProxyOptions,
        listening: socket.socket,
        number: int,
        *,
        on_ready: Callable[[], None],
        publish: Callable[[Stats], None],
        lifeline: int | None = None,
    ) -> None:
        self._options = options
        self._socket = listening
        self._number = number
        self._on_ready = on_ready
        self._publish = publish
        self._lifeline = lifeline
        self._disk_error: OSError | None = None
        # Made here, so that a CA file that can't be read is reported before anything starts.
        tls = tls_context(options.tls) if options.target.tls else None
        self._clock = KernelClock() if options.kernel_time and kernel_stamps() else None
        self._pool = Pool(
            options.target, tls, options.connect_timeout, options.limits.pooled, self._clock
        )

    def run(self) -> None:
        """Serve; raises CompanionError when records can't be written."""
        loop, _ = new_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve(loop))
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        if self._disk_error is not None:
            raise CompanionError(
                f"the timing proxy can't write its records: {self._disk_error.strerror}",
                where=str(self._options.records),
                hint="Free some space, or choose another folder with --records.",
            )

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        stop = asyncio.Event()
        allow_many_connections()
        ask_for_fine_timers()
        ask_for_priority()  # before the writer's thread is made, which inherits it
        journal = self._open_journal(loop, stop)
        context = WorkerContext(
            self._options.target,
            self._pool,
            journal,
            tail_always=self._options.tail_always,
            tail_secret=self._options.tail_secret,
            limits=self._options.limits,
            clock=self._clock,
        )
        lag = LagSampler(loop)
        clients: set[ClientConnection] = set()

        def connect() -> ClientConnection:
            return ClientConnection(context, clients)

        server = await listen(connect, self._socket, self._clock)
        stop_on_signals(loop, stop)
        if self._lifeline is not None:
            stop_with_parent(self._lifeline, loop, stop)
        calm_the_collector(50_000, 20, 50)
        lag.start()
        meter = Meter(self._number, context, lag)
        self._on_ready()
        while not stop.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), _TICK_S)
            meter.tick()
            self._end_stalled(context)
            self._end_silent(context, clients)
            if not stop.is_set():
                self._publish(meter.stats(journal.depth_max))
        lag.stop()
        server.close()
        for exchange in list(context.live):
            exchange.stop()
        for client in list(clients):
            client.transport.close()
        self._pool.close()
        await asyncio.sleep(0.01)  # lets the loop run the closings
        journal.close()
        self._publish(meter.stats(journal.depth_max))

    def _open_journal(
        self, loop: asyncio.AbstractEventLoop, stop: asyncio.Event
    ) -> RecordWriter | NoRecords:
        if self._options.records is None:
            return NoRecords()

        def disk_failed(error: OSError) -> None:
            self._disk_error = error
            loop.call_soon_threadsafe(stop.set)

        path = self._options.records / f"records-{self._number}.jsonl"
        return RecordWriter(path, disk_failed)

    def _end_silent(self, context: WorkerContext, clients: set[ClientConnection]) -> None:
        now = perf_counter_ns()
        for exchange in list(context.live):
            exchange.check_head(now)
        for client in list(clients):
            client.check_silence(now)
        self._pool.drop_unused()

    def _end_stalled(self, context: WorkerContext) -> None:
        limit = int(self._options.stall_timeout * 1e9)
        now = perf_counter_ns()
        for exchange in list(context.live):
            exchange.check_stall(now, limit)

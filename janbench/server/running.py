"""Runs the embedded server until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from janbench.arrival.clock import KernelClock, kernel_stamps
from janbench.arrival.listen import listen
from janbench.server.app import App
from janbench.server.http.connection import Connection
from janbench.server.options import ServerOptions
from janbench.server.state import ServerState
from janbench.service.binding import bind
from janbench.service.life import (
    calm_the_collector,
    new_loop,
    stop_on_signals,
    stop_with_parent,
)

_STATS_PERIOD_S = 1.0
_STDIN = 0


@dataclass(frozen=True)
class Listening:
    """Where the server is listening."""

    host: str
    port: int


def run(
    options: ServerOptions,
    on_listening: Callable[[Listening], None],
    *,
    exit_with_stdin: bool = False,
) -> None:
    """Serve until SIGINT, SIGTERM or, if asked, the end of stdin.

    Raises CompanionError for a port in use, ConfigError for an address that can't be had.
    """
    loop, name = new_loop()
    # Not never: plain asyncio's transports leave cycles, a few objects for each connection. What is
    # young is searched in steps of a few milliseconds; a long run's truth table lives long.
    calm_the_collector(700, 10, 1_000)
    try:
        loop.run_until_complete(_serve(options, on_listening, name, exit_with_stdin))
    finally:
        loop.close()


async def _serve(
    options: ServerOptions,
    on_listening: Callable[[Listening], None],
    event_loop: str,
    exit_with_stdin: bool,
) -> None:
    loop = asyncio.get_running_loop()
    hint = "Choose another with --port, or --port 0 for any free one."
    listener = bind(options.host, options.port, where="--host", hint=hint)
    stop = asyncio.Event()
    app = App(options, loop, event_loop)
    state = app.state
    server = await listen(
        lambda: Connection(app.serve, state.connections),
        listener,
        KernelClock() if kernel_stamps() else None,
    )
    stop_on_signals(loop, stop)
    if exit_with_stdin:
        stop_with_parent(_STDIN, loop, stop)
    ticker = loop.call_later(_STATS_PERIOD_S, _tick, loop, state)
    try:
        on_listening(Listening(options.host, listener.getsockname()[1]))
        await stop.wait()
    finally:
        ticker.cancel()
        state.stopping = True
        server.close()
        for connection in tuple(state.connections):
            connection.abort()
        state.delivery.clock.close()
        # One turn for the transports to report their end.
        await asyncio.sleep(0)


def _tick(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    state.measure_rate()
    if not state.stopping:
        loop.call_later(_STATS_PERIOD_S, _tick, loop, state)

"""Runs the embedded server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from janbench.errors import CompanionError, ConfigError
from janbench.server.app import App
from janbench.server.http.connection import Connection
from janbench.server.options import ServerOptions
from janbench.server.state import ServerState

_STATS_PERIOD_S = 1.0
_STDIN = 0


@dataclass(frozen=True)
class Listening:
    """Where the server is listening."""

    host: str
    port: int
    pid: int


def run(
    options: ServerOptions,
    on_listening: Callable[[Listening], None],
    *,
    exit_with_stdin: bool = False,
) -> None:
    """Serve until SIGINT, SIGTERM or, if asked, the end of stdin.

    Raises CompanionError when the address can't be bound.
    """
    loop, name = _new_loop()
    _calm_the_collector()
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
    listener = _bind(options.host, options.port)
    stop = asyncio.Event()
    app = App(options, loop, event_loop)
    state = app.state
    server = await loop.create_server(
        lambda: Connection(app.serve, state.connections), sock=listener, backlog=1024
    )
    _stop_on_signals(loop, stop)
    if exit_with_stdin:
        _stop_at_end_of_stdin(loop, stop)
    ticker = loop.call_later(_STATS_PERIOD_S, _tick, loop, state)
    try:
        on_listening(Listening(options.host, listener.getsockname()[1], os.getpid()))
        await stop.wait()
    finally:
        ticker.cancel()
        state.stopping = True
        server.close()
        for connection in tuple(state.connections):
            connection.abort()
        state.engine.clock.close()
        # One turn for the transports to report their end.
        await asyncio.sleep(0)
        await server.wait_closed()


def _calm_the_collector() -> None:
    """Keep the garbage collector from searching what lives long: requests die without it.

    A search of all that a long run's truth table holds takes tens of milliseconds, which every
    client sees as a late token. What is young is still searched, in steps of a few milliseconds.
    """
    gc.collect()
    gc.freeze()
    # Not never: plain asyncio's transports leave cycles, a few objects for each connection.
    gc.set_threshold(700, 10, 1_000)


def _tick(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    state.measure_rate()
    if not state.stopping:
        loop.call_later(_STATS_PERIOD_S, _tick, loop, state)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"unknown address {host!r}: {error.strerror}", where="--host") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        hint = "Choose another with --port, or --port 0 for any free one."
        if error.errno == errno.EADDRINUSE:
            raise CompanionError(f"port {port} is in use on {host}", hint=hint) from None
        raise CompanionError(
            f"can't listen on {host}:{port}: {error.strerror}", hint=hint
        ) from None
    listener.setblocking(False)
    return listener


def _stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


def _stop_at_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def wait() -> None:
        # os.read, not sys.stdin: a buffered reader blocked in a daemon thread breaks the exit.
        with contextlib.suppress(OSError):
            while os.read(_STDIN, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def _new_loop() -> tuple[asyncio.AbstractEventLoop, str]:
    if sys.platform != "win32":
        try:
            import uvloop
        except ImportError:
            pass
        else:
            return uvloop.new_event_loop(), "uvloop"
    return asyncio.new_event_loop(), "asyncio"

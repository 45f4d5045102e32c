"""How a service runs: its event loop, what ends it, and a collector that keeps out of the way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")  # the last is Windows's Ctrl-Break


def new_loop() -> tuple[asyncio.AbstractEventLoop, str]:
    """Make the fastest event loop there is, and name it: uvloop, where it exists."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop(), "asyncio"
    return uvloop.new_event_loop(), "uvloop"


def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` in the loop when the system asks this process to end."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


def stop_with_parent(lifeline: int, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` when the other end of `lifeline` closes: the parent is gone."""

    def wait() -> None:
        # os.read, not sys.stdin: a buffered reader blocked in a daemon thread breaks the exit.
        with contextlib.suppress(OSError):
            while os.read(lifeline, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def calm_the_collector(young: int, middle: int, old: int) -> None:
    """Keep the garbage collector from searching what lives long; the thresholds are gc's.

    A search of all that lives takes tens of milliseconds, in which no byte gets its timestamp and
    no token leaves. Requests free themselves without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, middle, old)

"""Accepts connections, with the kernel's time where it is to be had."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from janbench.arrival.clock import KernelClock, ask_for_stamps
from janbench.arrival.transport import TimedConnection, TimedTransport
from janbench.service.binding import BACKLOG

_AT_ONCE = 64
_REST_S = 0.2


class Listener(Protocol):
    """What accepts connections until it is closed."""

    def close(self) -> None:
        """Accept no more."""


async def listen(
    make: Callable[[], TimedConnection], sock: socket.socket, clock: KernelClock | None
) -> Listener:
    """Accept connections on a bound socket; without a clock, asyncio's transports carry them."""
    loop = asyncio.get_running_loop()
    if clock is None:
        return await loop.create_server(make, sock=sock, backlog=BACKLOG)
    # Accepted sockets inherit it, so that their first bytes are stamped, too.
    ask_for_stamps(sock)
    sock.listen(BACKLOG)
    return _TimedListener(loop, sock, make, clock)


class _TimedListener:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        make: Callable[[], TimedConnection],
        clock: KernelClock,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._make = make
        self._clock = clock
        self._closed = False
        loop.add_reader(sock.fileno(), self._accept)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no more descriptors: later
                self._loop.remove_reader(self._sock.fileno())
                self._loop.call_later(_REST_S, self._again)
                return
            accepted.setblocking(False)
            TimedTransport(self._loop, accepted, self._make(), self._clock)

    def _again(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._sock.fileno(), self._accept)

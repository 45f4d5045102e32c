"""Says when sockets are ready, in any event loop.

uvloop tells nobody of a socket that has failed (epoll's EPOLLERR): a connection that the other side
resets would wait for ever. So the sockets have an epoll of their own, and the loop watches that.
"""

from __future__ import annotations

import asyncio
import select
import weakref
from collections.abc import Callable

Ready = Callable[[], None]

_AT_ONCE = 256
_pollers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Poller] = weakref.WeakKeyDictionary()


class Poller:
    """Calls back for sockets that can be read from or written to (level-triggered)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Ready] = {}
        self._writers: dict[int, Ready] = {}
        self._watched: set[int] = set()
        loop.add_reader(self._epoll.fileno(), self._ready)

    def on_readable(self, fd: int, ready: Ready | None) -> None:
        """Call `ready` whenever a socket can be read from, or has failed; None: no more."""
        _set(self._readers, fd, ready)
        self._watch(fd)

    def on_writable(self, fd: int, ready: Ready | None) -> None:
        """Call `ready` whenever a socket can be written to, or has failed; None: no more."""
        _set(self._writers, fd, ready)
        self._watch(fd)

    def _watch(self, fd: int) -> None:
        mask = select.EPOLLIN * (fd in self._readers) | select.EPOLLOUT * (fd in self._writers)
        if fd in self._watched:
            if mask:
                self._epoll.modify(fd, mask)
            else:  # failures are told whatever the mask
                self._watched.discard(fd)
                self._epoll.unregister(fd)
        elif mask:
            self._watched.add(fd)
            self._epoll.register(fd, mask)

    def _ready(self) -> None:
        for fd, events in self._epoll.poll(0, _AT_ONCE):
            # Looked up at the time: a callback may have ended another connection.
            if events & ~select.EPOLLOUT and (ready := self._readers.get(fd)):
                ready()
            if events & ~select.EPOLLIN and (ready := self._writers.get(fd)):
                ready()


def poller_of(loop: asyncio.AbstractEventLoop) -> Poller:
    """Return the poller of an event loop."""
    found = _pollers.get(loop)
    if found is None:
        found = _pollers[loop] = Poller(loop)
    return found


def _set(callbacks: dict[int, Ready], fd: int, ready: Ready | None) -> None:
    if ready is None:
        callbacks.pop(fd, None)
    else:
        callbacks[fd] = ready

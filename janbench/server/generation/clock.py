"""A clock that calls back at absolute times with sub-millisecond accuracy.

libuv and epoll round an event loop's timers to whole milliseconds, which is as long as a fast
model's gap between tokens. On Linux one timerfd, which has no such rounding, wakes the loop
instead; elsewhere the loop's own timer is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import heapq
import os
import sys
import time
from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK_CLOEXEC = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_TFD_TIMER_ABSTIME = 1
_NS = 1_000_000_000


class _ITimerSpec(ctypes.Structure):
    # struct itimerspec of two struct timespec: the interval (unused, 0), then the expiry
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Clock:
    """Calls back at given `time.perf_counter_ns` times, earliest first.

    A callback can't be cancelled: it must check for itself whether it is still wanted.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._serial = 0
        self._armed_for = 0
        self._handle: asyncio.TimerHandle | None = None
        self._spec = _ITimerSpec(0, 0, 0, 0)
        self._libc, self._fd = _open_timerfd()
        if self._fd >= 0:
            loop.add_reader(self._fd, self._tick)

    def at(self, when_ns: int, callback: Callable[[int], None]) -> None:
        """Call `callback(now_ns)` once `time.perf_counter_ns()` has reached `when_ns`."""
        when_ns = max(1, when_ns)  # 0 would disarm the timer
        self._serial += 1
        heapq.heappush(self._heap, (when_ns, self._serial, callback))
        if not self._armed_for or when_ns < self._armed_for:
            self._arm(when_ns)

    def close(self) -> None:
        """Drop what is pending and free the timer."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1

    def _tick(self) -> None:
        heap = self._heap
        # What becomes due meanwhile waits for the next tick, so that sockets are served in between.
        now = time.perf_counter_ns()
        self._armed_for = 1  # callbacks below need not arm: that is done once, at the end
        try:
            while heap and heap[0][0] <= now:
                heapq.heappop(heap)[2](now)
        finally:
            self._arm(heap[0][0] if heap else 0)

    def _arm(self, when_ns: int) -> None:
        self._armed_for = when_ns
        if self._libc is not None and self._fd >= 0:
            # Setting the timer also clears an expiry that has not been read; 0 disarms it.
            self._spec.value_s, self._spec.value_ns = divmod(when_ns, _NS)
            self._libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)
            return
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if when_ns:
            delay = max(0, when_ns - time.perf_counter_ns()) / _NS
            self._handle = self._loop.call_later(delay, self._tick)


def _open_timerfd() -> tuple[ctypes.CDLL | None, int]:
    if sys.platform != "linux":
        return None, -1
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        fd = int(libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK_CLOEXEC))
    except (OSError, AttributeError):
        return None, -1
    return (libc, fd) if fd >= 0 else (None, -1)

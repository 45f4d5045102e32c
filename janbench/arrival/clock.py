"""The kernel's time of a packet's arrival, on the clock that everything else is timed with.

Linux stamps each packet as it arrives (SO_TIMESTAMPNS), by the wall clock. A stamp is brought to
the monotonic clock by reading both clocks at each read. What the wall clock's steps could bend
isn't used: whoever asks gets None and falls back on the time of the read.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from time import perf_counter_ns, time_ns

_SO_TIMESTAMPNS = 35
_SCM_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")
ANCILLARY_BYTES = 64
_STEP_NS = 200_000
"""A change between the clocks that no slewing makes from one read to the next."""
_NOISE_NS = 3_000
"""What two readings of the clocks, one after the other, may differ by."""
_SLEW = 1_000
"""Adjusted clocks run at most 1 part in this many faster or slower."""


def ask_for_stamps(sock: socket.socket) -> bool:
    """Ask the kernel to stamp what arrives on a socket; False where it doesn't."""
    # Not on 32-bit systems, whose time has another form.
    if not sys.platform.startswith("linux") or struct.calcsize("l") != 8:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def kernel_stamps() -> bool:
    """Say whether this system stamps packets."""
    with contextlib.suppress(OSError), socket.socket() as probe:
        return ask_for_stamps(probe)
    return False


class KernelClock:
    """Brings stamps to the monotonic clock. One for each process: it watches the wall clock.

    `wall` and `monotonic` read the clocks in ns.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time_ns,
        monotonic: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._apart, self._seen = self._compare()
        self._doubted_until = 0  # what arrived before is on a clock that was set meanwhile
        self.steps = 0

    def arrival(self, stamp: bytes, now: int) -> int | None:
        """Return when a packet arrived, in ns of the monotonic clock; None if it can't be told.

        `stamp` is the kernel's timespec, `now` a reading of the monotonic clock just before.
        """
        apart = self._wall() - now
        if not -_NOISE_NS < apart - self._apart < _NOISE_NS:
            apart = self._follow()
        else:
            self._seen = now
        seconds, ns = _TIMESPEC.unpack(stamp)
        found = int(seconds * 1_000_000_000 + ns - apart)
        if found <= self._doubted_until:
            return None
        return found if found < now else now

    def _follow(self) -> int:
        """Compare the clocks again, with care: this process may have been stopped between them."""
        apart, seen = self._compare()
        moved = apart - self._apart
        if abs(moved) > _STEP_NS + (seen - self._seen) // _SLEW:
            self.steps += 1
            self._doubted_until = seen + abs(moved)
        self._apart, self._seen = apart, seen
        return apart

    def _compare(self) -> tuple[int, int]:
        """Return wall minus monotonic clock, from the closest of some readings, and its time."""
        best = apart = seen = 0
        for attempt in range(5):
            before = self._monotonic()
            wall = self._wall()
            took = self._monotonic() - before
            if not attempt or took < best:
                best, apart, seen = took, wall - before - took // 2, before
            if best < _NOISE_NS:
                break
        return apart, seen

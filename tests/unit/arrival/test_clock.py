"""The kernel's time on the monotonic clock, and clocks that are set meanwhile."""

from __future__ import annotations

import struct

from janbench.arrival.clock import KernelClock

MS = 1_000_000
BEGAN = 1_700_000_000_000_000_000


class Clocks:
    """A monotonic and a wall clock that a test moves; each reading takes `reading` ns."""

    def __init__(self) -> None:
        self.now = 50 * MS
        self.apart = BEGAN
        self.reading = 100
        self.stop_after_monotonic = 0

    def monotonic(self) -> int:
        self.now += self.reading
        seen = self.now
        self.now += self.stop_after_monotonic
        return seen

    def wall(self) -> int:
        self.now += self.reading
        return self.now + self.apart

    def stamp(self) -> bytes:
        return struct.pack("qq", *divmod(self.now + self.apart, 1_000_000_000))


def clock_of(clocks: Clocks) -> KernelClock:
    return KernelClock(clocks.wall, clocks.monotonic)


def test_a_late_read_has_the_time_of_its_arrival() -> None:
    clocks = Clocks()
    clock = clock_of(clocks)
    arrived, stamp = clocks.now, clocks.stamp()
    clocks.now += 7 * MS
    found = clock.arrival(stamp, clocks.monotonic())
    assert found is not None
    assert abs(found - arrived) < 1_000


def test_a_process_that_is_stopped_between_the_clocks_is_not_misled() -> None:
    clocks = Clocks()
    clock = clock_of(clocks)
    arrived, stamp = clocks.now, clocks.stamp()
    now = clocks.monotonic()
    clocks.now += 5 * MS  # stopped here: the wall clock is read 5 ms later
    found = clock.arrival(stamp, now)
    assert found is not None
    assert abs(found - arrived) < 1_000
    assert clock.steps == 0


def test_a_step_of_the_wall_clock_moves_nothing() -> None:
    for step in (-2_000 * MS, 2_000 * MS, -3 * MS, 3 * MS):
        clocks = Clocks()
        clock = clock_of(clocks)
        stamp = clocks.stamp()
        clocks.now += MS
        clocks.apart += step
        clocks.now += MS
        assert clock.arrival(stamp, clocks.monotonic()) is None  # before the step: unknown
        assert clock.steps == 1
        clocks.now += abs(step) + 10 * MS
        arrived, stamp = clocks.now, clocks.stamp()
        clocks.now += MS
        found = clock.arrival(stamp, clocks.monotonic())
        assert found is not None
        assert abs(found - arrived) < 1_000


def test_slewing_is_no_step() -> None:
    clocks = Clocks()
    clock = clock_of(clocks)
    for _ in range(100):
        clocks.now += 100 * MS
        clocks.apart += 50_000  # 500 parts in a million
        arrived, stamp = clocks.now, clocks.stamp()
        clocks.now += MS
        found = clock.arrival(stamp, clocks.monotonic())
        assert found is not None
        assert abs(found - arrived) < 4_000
    assert clock.steps == 0

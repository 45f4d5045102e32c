"""How late the event loop is: the proxy's own error bar.

A timer every 10 ms notes how long after its due time it ran: that is how long arriving bytes may
have waited for their timestamp. uvloop's timers have a resolution of 1 ms, which is part of the
figure.
"""

from __future__ import annotations

import asyncio
import time
from time import perf_counter

_EVERY_S = 0.010
_BUCKET_S = 0.0001
_BUCKETS = 10_000
"""A second of 0.1 ms buckets; later than that counts in the last one (the maximum is exact)."""


class LagSampler:
    """Samples from `start` to `stop`; figures in ms."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Where the loop reads perf_counter's clock, a timer's own due time is the exact one. Before
        # Python 3.13 it doesn't on Windows, whose other clock moves in steps of 15.6 ms.
        clocks = time.get_clock_info("monotonic"), time.get_clock_info("perf_counter")
        same = clocks[0].implementation == clocks[1].implementation
        self._now = loop.time if same else perf_counter
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._counts = [0] * _BUCKETS
        self.samples = 0
        self.max_ms = 0.0

    def start(self) -> None:
        """Begin to sample."""
        self._due = self._now() + _EVERY_S
        self._timer = self._loop.call_later(_EVERY_S, self._tick)

    def stop(self) -> None:
        """End sampling."""
        if self._timer is not None:
            self._timer.cancel()

    def percentile_ms(self, share: float) -> float:
        """Return the lag that `share` (0 to 1) of the samples don't exceed; 0 without samples."""
        wanted = share * self.samples
        seen = 0
        for number, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min((number + 1) * _BUCKET_S * 1000, self.max_ms)
        return 0.0

    def _tick(self) -> None:
        late = max(0.0, perf_counter() - self._due)
        self._counts[min(int(late / _BUCKET_S), _BUCKETS - 1)] += 1
        self.samples += 1
        self.max_ms = max(self.max_ms, late * 1000)
        self.start()

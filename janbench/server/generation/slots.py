"""The model's slots: how many generations run at once, and who waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Slots:
    """First come, first served; `limit` 0 means that nobody waits."""

    def __init__(self, limit: int, slowdown: float) -> None:
        self._limit = limit
        self._slowdown = slowdown
        self._waiting: deque[Callable[[], bool]] = deque()
        self.active = 0
        self.queued = 0
        self.max_active = 0
        self.served = 0

    def acquire(self, start: Callable[[], bool]) -> None:
        """Call `start` now or when a slot is free; it answers whether it still wants the slot."""
        if self._limit and self.active >= self._limit:
            self._waiting.append(start)
            self.queued += 1
        else:
            self._take(start)

    def release(self) -> None:
        """Return a slot back; the longest waiting generation gets it."""
        self.active -= 1
        self.served += 1
        while self._waiting and (not self._limit or self.active < self._limit):
            self.queued -= 1
            self._take(self._waiting.popleft())

    def stretch(self) -> float:
        """The factor on the gaps between tokens at the present load.

        1 with one active generation, 1 + slowdown with all slots taken; without a limit, the
        slowdown counts for every 100 active generations.
        """
        if not self._slowdown or self.active <= 1:
            return 1.0
        room = self._limit - 1 if self._limit > 1 else 100
        return 1.0 + self._slowdown * (self.active - 1) / room

    def _take(self, start: Callable[[], bool]) -> None:
        self.active += 1
        self.max_active = max(self.max_active, self.active)
        if not start():
            self.active -= 1

"""What a load shape comes to: how many iterations start when.

Three kinds: open (a rate over time), closed (so many at a time), scheduled (given moments).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A stretch of `seconds` over which the rate goes from `start` to `end`, per second."""

    seconds: float
    start: float
    end: float

    @property
    def iterations(self) -> float:
        """Return how many iterations start in it."""
        return self.seconds * (self.start + self.end) / 2

    def cut(self, seconds: float) -> Segment:
        """Return its first `seconds`."""
        at = self.start + (self.end - self.start) * seconds / self.seconds
        return Segment(seconds, self.start, at)

    def time_of(self, iterations: float) -> float:
        """Return when, in s, this many have started: the root of r0*t + (r1-r0)/(2T)*t^2."""
        bend = (self.end - self.start) / self.seconds
        if abs(bend) < 1e-12:
            return iterations / self.start
        root = math.sqrt(max(0.0, self.start**2 + 2 * bend * iterations))
        return (root - self.start) / bend


@dataclass(frozen=True)
class Open:
    """Iterations start at a rate, whatever becomes of the earlier ones."""

    segments: tuple[Segment, ...]

    @property
    def seconds(self) -> float:
        """Return its length."""
        return sum(segment.seconds for segment in self.segments)

    @property
    def iterations(self) -> float:
        """Return how many iterations start in all."""
        return sum(segment.iterations for segment in self.segments)

    @property
    def peak(self) -> float:
        """Return the highest rate per second."""
        return max((max(s.start, s.end) for s in self.segments), default=0.0)

    def until(self, seconds: float) -> Open:
        """Return what starts in the first `seconds`."""
        kept, left = [], seconds
        for segment in self.segments:
            if left <= 1e-9:
                break
            kept.append(segment if segment.seconds <= left else segment.cut(left))
            left -= segment.seconds
        return Open(tuple(kept))

    def up_to(self, iterations: float) -> Open:
        """Return what goes on until this many iterations have started."""
        kept, left = [], iterations
        for segment in self.segments:
            if segment.iterations >= left:
                kept.append(segment.cut(min(segment.seconds, segment.time_of(left))))
                break
            kept.append(segment)
            left -= segment.iterations
        return Open(tuple(segment for segment in kept if segment.seconds > 0))


@dataclass(frozen=True)
class Closed:
    """`vus` virtual users, each of which starts its next iteration when the last one is done."""

    vus: int
    seconds: float
    iterations: int | None = None

    def until(self, seconds: float) -> Closed:
        """Return it with an end after `seconds`."""
        return Closed(self.vus, min(seconds, self.seconds), self.iterations)

    def up_to(self, iterations: float) -> Closed:
        """Return it with an end after this many iterations."""
        most = int(iterations)
        return Closed(self.vus, self.seconds, min(most, self.iterations or most))


@dataclass(frozen=True)
class Arrival:
    """A start at `at` seconds, with the token counts that a trace gives for it."""

    at: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Scheduled:
    """Iterations start at given moments, in ascending order."""

    arrivals: tuple[Arrival, ...]

    @property
    def seconds(self) -> float:
        """Return the time of the last start."""
        return self.arrivals[-1].at if self.arrivals else 0.0

    @property
    def iterations(self) -> float:
        """Return how many iterations start in all."""
        return float(len(self.arrivals))

    @property
    def rate(self) -> float:
        """Return the mean rate per second."""
        return len(self.arrivals) / self.seconds if self.seconds else 0.0

    def in_flight(self, iteration_s: float) -> int:
        """Return the most that run at once, when each takes `iteration_s`."""
        most = oldest = 0
        for index, arrival in enumerate(self.arrivals):
            while self.arrivals[oldest].at < arrival.at - iteration_s:
                oldest += 1
            most = max(most, index - oldest + 1)
        return most

    def until(self, seconds: float) -> Scheduled:
        """Return what starts in the first `seconds`."""
        return Scheduled(tuple(a for a in self.arrivals if a.at <= seconds))

    def up_to(self, iterations: float) -> Scheduled:
        """Return the first of them."""
        return Scheduled(self.arrivals[: int(iterations)])


Profile = Open | Closed | Scheduled

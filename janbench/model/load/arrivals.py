"""Load shapes whose iterations start at given moments: drawn from a seed, or recorded."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.duration import Duration
from janbench.model.load.profile import Arrival, Profile, Scheduled
from janbench.model.load.rate import Rate

MOST_ARRIVALS = 2_000_000


class _Random(Frozen):
    """Arrivals whose gaps are drawn, `rate` per second on average, the same for the same `seed`."""

    rate: Rate
    duration: Duration
    seed: int = Field(default=1, ge=0, le=2**53)

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.rate * self.duration > MOST_ARRIVALS:
            raise ValueError(
                f"more than {MOST_ARRIVALS:,} arrivals: lower the rate or the duration"
            )
        if self.rate * self.duration < 1:
            raise ValueError("less than one arrival: raise the rate or the duration")
        return self

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up."""
        return self.rate

    def _drawn(self, burstiness: float) -> Profile:
        count = round(self.rate * self.duration)
        return _drawn(count, self.duration, burstiness, self.seed)


@lru_cache(maxsize=4)
def _drawn(count: int, seconds: float, burstiness: float, seed: int) -> Scheduled:
    """Draw gaps from a gamma distribution and fit them to the duration.

    n + 1 gaps scaled to the duration leave n arrivals: for burstiness 1 exactly a Poisson process
    of which the number of arrivals is known, so that the rate is what was asked for.
    """
    rng = random.Random(seed)
    gaps = [rng.gammavariate(burstiness, 1.0) for _ in range(count + 1)]
    scale = seconds / sum(gaps)
    arrivals, at = [], 0.0
    for gap in gaps[:-1]:
        at += gap * scale
        arrivals.append(Arrival(at))
    return Scheduled(tuple(arrivals))


class Poisson(_Random):
    """Arrivals of independent users: gaps are exponential, `rate` per second on average."""

    shape: Literal["poisson"]

    def profile(self) -> Profile:
        """Return what starts when."""
        return self._drawn(1.0)


class Gamma(_Random):
    """Arrivals with gamma gaps; `burstiness` below 1 makes bursts, above 1 regular arrivals.

    Gaps have the coefficient of variation 1/sqrt(burstiness), as in `vllm bench serve`.
    """

    shape: Literal["gamma"]
    burstiness: float = Field(gt=0.001, le=1000)

    def profile(self) -> Profile:
        """Return what starts when."""
        return self._drawn(self.burstiness)


class Trace(Frozen):
    """Arrivals as recorded: a CSV or JSONL `file`, or a list of seconds in `arrivals`.

    `unit` is that of the file's times (default: from its columns). `speed: 2` replays twice as
    fast; `limit` takes the first so many of the file; `duration` those that start within that time.
    """

    shape: Literal["trace"]
    file: str | None = None
    arrivals: tuple[Annotated[float, Field(ge=0, le=604_800)], ...] = ()
    unit: Literal["auto", "s", "ms"] = "auto"
    speed: float = Field(default=1.0, gt=0, le=1_000_000)
    limit: int | None = Field(default=None, ge=1)
    duration: Duration | None = None
    _recorded: tuple[Arrival, ...] = PrivateAttr(default=())
    _failed: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (not self.arrivals):
            raise ValueError("a trace needs either 'file' or 'arrivals'")
        return self

    @property
    def failed(self) -> int:
        """Return how many rows of the file are left out: requests that had failed."""
        return self._failed

    def feed(self, recorded: tuple[Arrival, ...], failed: int = 0) -> None:
        """Take what the file holds, in ascending order: a model reads no files itself."""
        self._recorded, self._failed = recorded, failed

    def profile(self) -> Profile:
        """Return what starts when: at this speed, the first at 0, within the limits."""
        recorded = self._recorded or tuple(Arrival(at) for at in sorted(self.arrivals))
        first = recorded[0].at if recorded else 0.0
        moved = [replace(arrival, at=(arrival.at - first) / self.speed) for arrival in recorded]
        replayed = Scheduled(tuple(moved[: self.limit]))
        return replayed if self.duration is None else replayed.until(self.duration)

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up: the mean rate."""
        profile = self.profile()
        return max(0.1, profile.rate) if isinstance(profile, Scheduled) else 1.0

"""Load shapes with a rate that holds whatever becomes of earlier iterations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.duration import Duration, DurationOrZero
from janbench.model.load.profile import Open, Profile, Segment
from janbench.model.load.rate import Rate, RateOrZero

RAMP_LIMIT_S = 60.0
RAMP_SHARE = 0.2


def default_ramp(seconds: float) -> float:
    """Return the default length of a ramp: at most a minute, at most a fifth of the whole."""
    return min(RAMP_LIMIT_S, RAMP_SHARE * seconds)


class Ramp(Frozen):
    """Ramp up from 0 to `rate` iterations per second, hold it, ramp down to 0.

    `duration` is the whole length; `ramp` is that of each ramp (default: a fifth, at most 60 s).
    """

    shape: Literal["ramp"] = "ramp"
    rate: Rate
    duration: Duration
    ramp: DurationOrZero | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.ramp is not None and 2 * self.ramp > self.duration:
            raise ValueError("two ramps don't fit into the duration")
        return self

    def profile(self) -> Profile:
        """Return what starts when."""
        ramp = default_ramp(self.duration) if self.ramp is None else self.ramp
        up, down = Segment(ramp, 0, self.rate), Segment(ramp, self.rate, 0)
        return _open(up, Segment(self.duration - 2 * ramp, self.rate, self.rate), down)

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up."""
        return self.rate


class Constant(Frozen):
    """`rate` iterations per second from the first moment to the last."""

    shape: Literal["constant"]
    rate: Rate
    duration: Duration

    def profile(self) -> Profile:
        """Return what starts when."""
        return _open(Segment(self.duration, self.rate, self.rate))

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up."""
        return self.rate


class Stage(Frozen):
    """A stretch over which the rate goes to `rate`; `jump: true` goes there at once."""

    rate: RateOrZero
    duration: DurationOrZero
    jump: bool = False


class Stages(Frozen):
    """The rate goes from `start_rate` to each stage's rate in turn."""

    shape: Literal["stages"]
    start_rate: RateOrZero = 0.0
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _offers_something(self) -> Self:
        if not any(segment.iterations for segment in self._segments()):
            raise ValueError("all rates are 0")
        return self

    def _segments(self) -> list[Segment]:
        found, rate = [], self.start_rate
        for stage in self.stages:
            found.append(Segment(stage.duration, stage.rate if stage.jump else rate, stage.rate))
            rate = stage.rate
        return found

    def profile(self) -> Profile:
        """Return what starts when."""
        return _open(*self._segments())

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up: that with which the first stage begins, or ends."""
        first = self._segments()[0]
        return first.start or first.end or max(stage.rate for stage in self.stages)


class Spike(Frozen):
    """`rate`, then all at once `peak` for the time `hold`, then `rate` again.

    `before` and `after` are the lengths of the calm around it, `rise` that of each flank.
    """

    shape: Literal["spike"]
    rate: Rate
    peak: Rate
    before: Duration = 30.0
    rise: DurationOrZero = 0.0
    hold: Duration = 30.0
    after: Duration = 60.0

    def profile(self) -> Profile:
        """Return what starts when."""
        return _open(
            Segment(self.before, self.rate, self.rate),
            Segment(self.rise, self.rate, self.peak),
            Segment(self.hold, self.peak, self.peak),
            Segment(self.rise, self.peak, self.rate),
            Segment(self.after, self.rate, self.rate),
        )

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up."""
        return self.rate


class Soak(Frozen):
    """Ramp up to `rate` within `ramp`, then hold it for the rest of `duration`."""

    shape: Literal["soak"]
    rate: Rate
    duration: Duration = 3600.0
    ramp: DurationOrZero | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.ramp is not None and self.ramp > self.duration:
            raise ValueError("the ramp is longer than the duration")
        return self

    def profile(self) -> Profile:
        """Return what starts when."""
        ramp = default_ramp(self.duration) if self.ramp is None else self.ramp
        hold = Segment(self.duration - ramp, self.rate, self.rate)
        return _open(Segment(ramp, 0, self.rate), hold)

    @property
    def steady(self) -> float:
        """Return the rate of a warm-up."""
        return self.rate


def _open(*segments: Segment) -> Open:
    """Join segments, leaving out those of no length (a jump needs none)."""
    return Open(tuple(segment for segment in segments if segment.seconds > 0))

"""Load shapes: one class for each, told apart by `shape`; each knows its profile.

A new shape is a class with its line in `Shape` and in `SHAPES`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from janbench.model.base import Frozen
from janbench.model.duration import Duration
from janbench.model.load.arrivals import Gamma, Poisson, Trace
from janbench.model.load.open_shapes import Constant, Ramp, Soak, Spike, Stages
from janbench.model.load.profile import Closed, Profile


class Concurrency(Frozen):
    """`concurrency` virtual users in a closed loop: each starts again when it is done."""

    shape: Literal["concurrency"]
    concurrency: int = Field(ge=1, le=100_000)
    duration: Duration

    def profile(self) -> Profile:
        """Return what starts when."""
        return Closed(self.concurrency, self.duration)

    @property
    def steady(self) -> float:
        """Return the virtual users of a warm-up."""
        return float(self.concurrency)


class Iterations(Frozen):
    """So many `iterations` in all, `concurrency` at a time, within `max_duration`."""

    shape: Literal["iterations"]
    iterations: int = Field(ge=1, le=10_000_000)
    concurrency: int = Field(default=1, ge=1, le=100_000)
    max_duration: Duration = 600.0

    def profile(self) -> Profile:
        """Return what starts when."""
        vus = min(self.concurrency, self.iterations)
        return Closed(vus, self.max_duration, self.iterations)

    @property
    def steady(self) -> float:
        """Return the virtual users of a warm-up."""
        return float(self.concurrency)


Shape = Annotated[
    Ramp | Constant | Stages | Spike | Soak | Concurrency | Iterations | Poisson | Gamma | Trace,
    Field(discriminator="shape"),
]
SHAPES: dict[str, type[Frozen]] = {
    "ramp": Ramp, "constant": Constant, "stages": Stages, "spike": Spike, "soak": Soak,
    "concurrency": Concurrency, "iterations": Iterations, "poisson": Poisson, "gamma": Gamma,
    "trace": Trace,
}  # fmt: skip

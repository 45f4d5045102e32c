"""Scenarios as data: target, load, steps, thresholds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.step import BaseStep, ModelStep, Step

# What holds unless a scenario says otherwise about the same metric: k6 itself would exit 0 when
# every request fails and no threshold names it.
DEFAULT_THRESHOLDS: dict[str, tuple[str, ...]] = {
    "checks": ("rate>0.95",),
    "http_req_failed": ("rate<0.05",),
}

NAME = r"^[a-z0-9][a-z0-9._-]{0,79}$"


class Target(Frozen):
    """Where the load goes: base URL, flavour of server, model."""

    base: str = Field(default="https://api-stag.jan.ai", pattern=r"^https?://[^/\s]+")
    flavour: str = "jan-v1"
    model: str = Field(default="jan-v1-4b", min_length=1)


class Load(Frozen):
    """The load of a scenario: iterations per second of each lane, and its length in minutes.

    A lane starts rate x (duration - ramp) iterations; the ramp up and the ramp down take
    min(60 s, 20% of the duration) each. `iteration_s`: expected length of one iteration, from which
    the number of virtual users follows (default: estimated from the steps).
    """

    nonstream_rps: float = Field(default=2.0, ge=0, le=100_000)
    stream_rps: float = Field(default=1.0, ge=0, le=100_000)
    duration_min: float = Field(default=5.0, gt=0, le=10_080)
    iteration_s: float | None = Field(default=None, gt=0, le=3600)
    max_vus: int = Field(default=5_000, ge=1, le=100_000)


class Scenario(Frozen):
    """A named journey.

    `counters`: prefix of the success and error counters (`completion` gives
    `completion_successes`). `refresh`: when a guest's token is renewed before a request to the
    model. `think_time_s`: pause after each step under load. `thresholds`: k6 thresholds by metric,
    judged under load, on top of `DEFAULT_THRESHOLDS`; a single run is judged by its checks.
    `stream_error_limit`: share of streams that may end badly before the scenario fails.
    """

    name: str = Field(default="", pattern=rf"({NAME})|^$")
    description: str = ""
    test_case: str | None = Field(default=None, pattern=NAME)
    target: Target = Field(default_factory=Target)
    counters: str = Field(default="scenario", pattern=r"^[a-z][a-z0-9_]{0,39}$")
    refresh: Literal["each", "expiring", "never"] = "each"
    think_time_s: float = Field(default=0.0, ge=0, le=3600)
    load: Load = Field(default_factory=Load)
    thresholds: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    stream_error_limit: float = Field(default=0.01, ge=0, le=1)
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def judged_by(self) -> dict[str, tuple[str, ...]]:
        """Give the k6 thresholds under load: the scenario's own over the defaults."""
        return {**DEFAULT_THRESHOLDS, **self.thresholds}

    @property
    def streams(self) -> bool:
        """Whether any step asks for a stream."""
        return any(isinstance(step, ModelStep) and step.streams for step in self.steps)

    @property
    def needs(self) -> frozenset[str]:
        """The parts of a flavour that the steps can't do without."""
        return frozenset(step.needs for step in self.steps if step.needs)

    def step_ids(self) -> list[str]:
        """Give each step's id: its own, or its kind, numbered from the second one on."""
        seen: dict[str, int] = {}
        ids = []
        for step in self.steps:
            base = step.id or step.kind
            seen[base] = seen.get(base, 0) + 1
            ids.append(base if seen[base] == 1 else f"{base}_{seen[base]}")
        return ids

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = self.step_ids()
        twice = sorted({given for given in ids if ids.count(given) > 1})
        if twice:
            raise ValueError(f"two steps have the id {twice[0]!r}")
        return self

    def iteration_s(self, lane: str) -> float:
        """Estimate the length of one iteration of a lane, in seconds."""
        if self.load.iteration_s is not None:
            return self.load.iteration_s
        return sum(
            step.typical_s + self.think_time_of(step)
            for step in self.steps
            if step.lane in (None, lane)
        )

    def think_time_of(self, step: BaseStep) -> float:
        """Give the pause after a step, in seconds."""
        return self.think_time_s if step.think_time_s is None else step.think_time_s


ScenarioName = Annotated[str, Field(pattern=NAME)]


class ScenarioFile(Frozen):
    """A whole `scenarios.yaml`."""

    target: Target = Field(default_factory=Target)
    scenarios: dict[ScenarioName, Scenario]

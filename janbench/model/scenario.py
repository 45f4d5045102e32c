"""Scenarios as data: target, load, steps, what they are judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.load.load import MAIN, Load
from janbench.model.slo import ObjectiveSpec, Slo
from janbench.model.steps.step import BaseStep, Choose, Group, Leaf, ModelStep, Step, every, leaves
from janbench.model.thresholds import KNOWN, Threshold

__all__ = ["Load", "Scenario", "ScenarioFile", "Target"]

# What holds unless a scenario says otherwise about the same metric: k6 itself would exit 0 when
# every request fails and no threshold names it.
DEFAULT_THRESHOLDS: dict[str, tuple[Threshold, ...]] = {
    "checks": (Threshold(threshold="rate>0.95"),),
    "http_req_failed": (Threshold(threshold="rate<0.05"),),
}

NAME = r"^[a-z0-9][a-z0-9._-]{0,79}$"


class Target(Frozen):
    """Where the load goes: base URL, flavour of server, model.

    `base` is the address that answers by itself: a redirect fails and is not followed.
    """

    base: str = Field(
        default="https://api-stag.jan.ai", pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^/\s]+"
    )
    flavour: str = "jan-v1"
    model: str = Field(default="jan-v1-4b", min_length=1)


class Scenario(Frozen):
    """A named journey.

    `extends`: another scenario whose keys hold where this one gives none. `counters`: prefix of the
    success and error counters (`completion` gives `completion_successes`). `refresh`: when a
    guest's token is renewed before a request to the model. `think_time_s`: pause after each step
    under load. `thresholds`: k6 thresholds by metric, judged under load, beside `rate>0.95` for
    `checks` and `rate<0.05` for `http_req_failed`; a single run is judged by its checks. `slo`:
    objectives.
    `connection`: `fresh` opens a new connection for each request, to the target, too.
    `stream_error_limit`: share of streams that may end badly before the scenario fails.
    """

    name: str = Field(default="", pattern=rf"({NAME})|^$")
    description: str = ""
    extends: str | None = None
    test_case: str | None = Field(default=None, pattern=NAME)
    target: Target = Field(default_factory=Target)
    counters: str = Field(default="scenario", pattern=r"^[a-z][a-z0-9_]{0,39}$")
    refresh: Literal["each", "expiring", "never"] = "each"
    think_time_s: float = Field(default=0.0, ge=0, le=3600)
    load: Load = Field(default_factory=Load)
    thresholds: dict[str, tuple[Threshold, ...]] = Field(default_factory=dict)
    slo: Slo | None = None
    connection: Literal["reuse", "fresh"] = "reuse"
    stream_error_limit: float = Field(default=0.01, ge=0, le=1)
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def judged_by(self) -> dict[str, tuple[Threshold, ...]]:
        """Return the k6 thresholds under load: the scenario's own over the defaults."""
        return {**DEFAULT_THRESHOLDS, **self.thresholds}

    @property
    def leaves(self) -> list[Leaf]:
        """Return the steps that make requests, out of groups and branches, in order."""
        return list(leaves(self.steps))

    @property
    def streams(self) -> bool:
        """Whether any step asks for a stream."""
        return any(isinstance(step, ModelStep) and step.streams for step in self.leaves)

    @property
    def needs(self) -> frozenset[str]:
        """The parts of a flavour that the steps can't do without."""
        return frozenset(step.needs for step in self.leaves if step.needs)

    @property
    def may_end_early(self) -> bool:
        """Whether a threshold, an objective or a budget can end the run before its time."""
        given = [entry for entries in self.judged_by.values() for entry in entries]
        return (
            self.load.budget.max_tokens_total is not None
            or any(entry.abort_on_fail for entry in given)
            or any(spec.abort_on_fail for spec in self.objectives())
        )

    @property
    def longest_timeout_s(self) -> float:
        """Return how long a request may take, in s, before it counts as failed."""
        return max(step.timeout_s for step in self.leaves)

    def step_ids(self) -> list[str]:
        """Return each leaf's id: its own, or its kind, numbered from the second one on."""
        seen: dict[str, int] = {}
        ids = []
        for step in self.leaves:
            base = step.id or step.kind
            seen[base] = seen.get(base, 0) + 1
            ids.append(base if seen[base] == 1 else f"{base}_{seen[base]}")
        return ids

    def objectives(self) -> list[ObjectiveSpec]:
        """Return the objectives of the scenario and of its steps."""
        talks = any(step.model_talk for step in self.leaves)
        found = list(self.slo.wanted(model=talks)) if self.slo else []
        for step_id, step in zip(self.step_ids(), self.leaves, strict=True):
            if step.slo:
                found += step.slo.wanted(step_id, model=step.model_talk)
        return found

    def in_lane(self, lane: str) -> list[Leaf]:
        """Return the leaves that a lane runs."""
        return [step for step in self.leaves if lane == MAIN or step.lane in (None, lane)]

    def streams_in(self, lane: str) -> bool:
        """Whether a lane asks for a stream."""
        return any(isinstance(s, ModelStep) and s.streams for s in self.in_lane(lane))

    def iteration_s(self, lane: str) -> float:
        """Estimate the length of one iteration of a lane, in seconds."""
        if self.load.iteration_s is not None:
            return self.load.iteration_s
        return sum(
            share * (step.typical_s + self.think_time_of(step))
            for step, share, _ in _visits(self.steps, lane)
        )

    def requests_of(self, lane: str) -> float:
        """Return the requests that an iteration of a lane is expected to make, logins aside."""
        return sum(share * step.most_requests for step, share, _ in _visits(self.steps, lane))

    def expected_visits(self, lane: str) -> list[tuple[Leaf, float]]:
        """Return each leaf of a lane with how often an iteration is expected to run it."""
        return [(leaf, share) for leaf, share, _ in _visits(self.steps, lane)]

    def model_requests_of(self, lane: str) -> float | None:
        """Return the requests to the model in an iteration; None where a condition decides."""
        if any(step.condition for step in every(self.steps)):
            return None
        return sum(
            share * step.most_requests
            for step, share, _ in _visits(self.steps, lane)
            if step.model_talk
        )

    def most_requests_of(self, lane: str) -> float:
        """Return the most requests that an iteration of a lane can make.

        A login that stands among the steps happens once for each virtual user; a refresh before
        each request to the model is counted, since it may be one.
        """
        refreshes = self.refresh == "each"
        return sum(
            most * (step.most_requests + (step.most_requests if step.model_talk * refreshes else 0))
            for step, _, most in _visits(self.steps, lane)
        )

    def think_time_of(self, step: BaseStep) -> float:
        """Return the pause after a step, in seconds."""
        return self.think_time_s if step.think_time_s is None else step.think_time_s

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if not self.leaves:
            raise ValueError("no step makes a request")
        ids = self.step_ids()
        twice = sorted({given for given in ids if ids.count(given) > 1})
        if twice:
            raise ValueError(f"two steps have the id {twice[0]!r}")
        return self

    @model_validator(mode="after")
    def _lanes_have_steps(self) -> Self:
        for lane in self.load.lanes:
            if not self.in_lane(lane):
                raise ValueError(f"no step runs in the lane {lane!r}, which has a load")
        return self

    @model_validator(mode="after")
    def _k6_accepts_it(self) -> Self:
        known = dict(KNOWN)
        own = {f"{self.counters}_{what}": "counter" for what in ("successes", "errors")}
        own.update({step.metric: "trend" for step in self.leaves if step.metric})
        for metric, kind in own.items():
            if known.get(metric, kind) != kind:
                raise ValueError(f"the metric {metric!r} is a {known[metric]} already")
        trends = {step.metric for step in self.leaves if step.metric}
        clash = sorted(trends & {f"{self.counters}_successes", f"{self.counters}_errors"})
        if clash:
            raise ValueError(f"the metric {clash[0]!r} is the name of a counter already")
        return self


def _visits(steps: Sequence[Step], lane: str) -> Iterator[tuple[Leaf, float, float]]:
    """Return each leaf of a lane with how often an iteration runs it: to expect, and at most.

    What a condition guards is counted as if it held.
    """
    for step in steps:
        if lane != MAIN and step.lane not in (None, lane):
            continue
        if isinstance(step, Group):
            inner = [(leaf, 1.0, share, most) for leaf, share, most in _visits(step.steps, lane)]
        elif isinstance(step, Choose):
            total = sum(branch.weight for branch in step.branches)
            inner = [
                (leaf, branch.weight / total, share, most)
                for branch in step.branches
                for leaf, share, most in _visits(branch.steps, lane)
            ]
        else:
            inner = [(step, 1.0, 1.0, 1.0)]
        for leaf, weight, share, most in inner:
            yield leaf, weight * share * step.typical_repeats, most * step.most_repeats


ScenarioName = Annotated[str, Field(pattern=NAME)]


class ScenarioFile(Frozen):
    """A whole `scenarios.yaml`.

    `include`: further files, relative to this one; those in `scenarios.d/` beside it are included
    without being named.
    """

    include: tuple[str, ...] = ()
    target: Target = Field(default_factory=Target)
    scenarios: dict[ScenarioName, Scenario]

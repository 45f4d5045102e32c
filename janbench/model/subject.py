"""What was run, as far as its results need to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from janbench.model.limits import ValidityLimits
from janbench.model.plan import Lane, Plan


@dataclass(frozen=True)
class StepInfo:
    """A step: `label` is what its checks begin with, `model` whether it talks to the model."""

    id: str
    title: str
    kind: str
    label: str
    lane: str | None
    model: bool


@dataclass(frozen=True)
class Subject:
    """A test case as it was run; `name` is unique within the run and names its folder."""

    name: str
    mode: Literal["single", "load", "script"]
    timing: Literal["proxy", "direct"]
    steps: tuple[StepInfo, ...] = ()
    lanes: tuple[Lane, ...] = ()
    stream_error_limit: float = 0.01
    limits: ValidityLimits = field(default_factory=ValidityLimits)

    @property
    def model_steps(self) -> list[str]:
        """Ids of the steps that talk to the model."""
        return [step.id for step in self.steps if step.model]

    @classmethod
    def of(
        cls, plan: Plan, name: str, timing: Literal["proxy", "direct"], limits: ValidityLimits
    ) -> Subject:
        """Describe a planned scenario."""
        scenario = plan.scenario
        steps = tuple(
            StepInfo(
                step_id,
                step.title or step.default_title,
                step.kind,
                step.label or step_id,
                step.lane,
                step.model_talk,
            )
            for step_id, step in zip(scenario.step_ids(), scenario.leaves, strict=True)
        )
        mode: Literal["single", "load"] = "single" if plan.single else "load"
        if plan.load.allow_drops:
            limits = limits.model_copy(update={"allow_drops": True})
        return cls(
            name, mode, timing, steps, tuple(plan.lanes), scenario.stream_error_limit, limits
        )

"""What was run, as far as its results need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from janbench.model.limits import ValidityLimits
from janbench.model.load.plan import Lane, Plan
from janbench.model.slo import ObjectiveSpec
from janbench.model.thresholds import parts_of

_OF_GUESTS = ("guest_login_time_ms", "refresh_token_time_ms", "auth_relogins")


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
class CaseInfo:
    """A test case as it was run; `name` is unique within the run and names its folder.

    `request_limits`: what a single request has to meet to count for goodput; None where no
    objectives are given. `uncounted_s`: length of warm-up and cool-down. `may_end_early`: a
    threshold or a budget may have ended the run before its time. `model_requests`: of an iteration
    of each lane; None where a condition decides. `not_judged`: thresholds' metrics that belong to
    steps which don't run as the run was set up, and why.
    """

    name: str
    mode: Literal["single", "load", "script"]
    timing: Literal["proxy", "direct"]
    steps: tuple[StepInfo, ...] = ()
    lanes: tuple[Lane, ...] = ()
    stream_error_limit: float = 0.01
    limits: ValidityLimits = field(default_factory=ValidityLimits)
    objectives: tuple[ObjectiveSpec, ...] = ()
    request_limits: tuple[tuple[str, float], ...] | None = None
    uncounted_s: float = 0.0
    may_end_early: bool = False
    model_requests: Mapping[str, float | None] = field(default_factory=dict)
    not_judged: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_steps(self) -> list[str]:
        """Ids of the steps that talk to the model."""
        return [step.id for step in self.steps if step.model]

    @classmethod
    def of(
        cls, plan: Plan, name: str, timing: Literal["proxy", "direct"], limits: ValidityLimits
    ) -> CaseInfo:
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
            name,
            mode,
            timing,
            steps,
            tuple(plan.lanes),
            scenario.stream_error_limit,
            limits,
            objectives=() if plan.single else tuple(scenario.objectives()),
            request_limits=scenario.slo.request_limits() if scenario.slo else None,
            uncounted_s=0.0 if plan.single else plan.load.warmup + plan.load.cooldown,
            may_end_early=scenario.may_end_early,
            model_requests={
                lane.name: scenario.model_requests_of(lane.name) for lane in plan.lanes
            },
            not_judged={} if plan.single else _not_judged(plan),
        )


def _not_judged(plan: Plan) -> dict[str, str]:
    """Name the thresholds on steps that the user's own settings leave out."""
    scenario, lanes = plan.scenario, {lane.name for lane in plan.lanes}
    found = {}
    for threshold in scenario.judged_by:
        metric, tags = parts_of(threshold)
        steps = [
            step
            for name, step in zip(scenario.step_ids(), scenario.leaves, strict=True)
            if tags.get("step") == name or step.metric == metric
        ]
        if metric in _OF_GUESTS and not plan.guests:
            found[threshold] = "no guest logs in where there is a key"
        elif "main" not in lanes and steps and all(s.lane and s.lane not in lanes for s in steps):
            off = " and ".join(sorted({str(step.lane) for step in steps}))
            found[threshold] = f"the lane {off} is off"
    return found

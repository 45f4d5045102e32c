"""The stages of a load as every report shows them: what was asked for, and what was held."""

from __future__ import annotations

from janbench.model.results.load import StageResult, by_lane, steady_tops
from janbench.model.results.result import ScenarioResult
from janbench.reports import figures

HEAD = ("Stage", "Time", "Started", "Failed", "Requests/s", "TTFT p95", "E2E p95")
TEXT_COLUMNS = (0, 1)


def held(scenario: ScenarioResult) -> list[str]:
    """Say for each lane how many requests/s to the model it held: `stream 2.9 of 3.0`.

    That is of the longest stage at the lane's highest steady rate; nothing for lanes without one.
    """
    return [
        f"{stage.lane} {_of(stage)}"
        for stage in steady_tops(scenario.stages)
        if stage.asked_requests_per_s
    ]


def are_told(scenario: ScenarioResult) -> bool:
    """Whether a lane has more than one level, so that a table says more than `held`."""
    return any(len([s for s in lane if s.holds]) > 1 for lane in by_lane(scenario.stages))


def rows(scenario: ScenarioResult) -> list[list[str]]:
    """Return the cells of a table of stages, in the order of `HEAD`."""
    return [
        [
            f"{stage.lane}, {_course(stage)}",
            f"{figures.clock(stage.start_s)} to {figures.clock(stage.end_s)}",
            f"{stage.started_iterations:,} of {figures.rate(stage.planned_iterations)}",
            figures.count(stage.failed),
            _of(stage),
            figures.milliseconds(stage.ttft_ms.p95 if stage.ttft_ms else None),
            figures.milliseconds(stage.e2e_ms.p95 if stage.e2e_ms else None),
        ]
        for stage in scenario.stages
    ]


def _course(stage: StageResult) -> str:
    if stage.holds:
        return f"{stage.start_rate:g}/s"
    return f"{stage.start_rate:g} to {stage.end_rate:g}/s"


def _of(stage: StageResult) -> str:
    got = figures.rate(stage.requests_per_s)
    asked = stage.asked_requests_per_s
    return got if asked is None else f"{got} of {figures.rate(asked)}"

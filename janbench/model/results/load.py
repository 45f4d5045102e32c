"""What became of the load that was asked for: by lane, by stage, and whether the target kept up."""

from __future__ import annotations

from janbench.model.base import Printable
from janbench.model.results.distribution import Distribution


class LaneResult(Printable):
    """A lane's asked load against what was started; rates in iterations per second."""

    name: str
    asked_rate: float
    planned_iterations: float
    started_iterations: int | None = None
    dropped_iterations: int | None = None


class StageResult(Printable):
    """A stretch of a lane's load over which the rate rose, held or fell; `None`: not known.

    `start_s` and `end_s` count from the start of the lane's load. A request belongs to the stage
    in which its iteration began; `requests_per_s` are good requests to the model per second of the
    stage, `asked_requests_per_s` what the stage would make if every one was answered.
    """

    lane: str
    start_s: float
    end_s: float
    start_rate: float
    end_rate: float
    planned_iterations: float
    started_iterations: int = 0
    requests: int = 0
    failed: int = 0
    requests_per_s: float = 0.0
    asked_requests_per_s: float | None = None
    ttft_ms: Distribution | None = None
    e2e_ms: Distribution | None = None

    @property
    def holds(self) -> bool:
        """Whether the rate stays the same."""
        return self.start_rate == self.end_rate


def by_lane(stages: list[StageResult]) -> list[list[StageResult]]:
    """Return the stages of each lane."""
    lanes: dict[str, list[StageResult]] = {}
    for stage in stages:
        lanes.setdefault(stage.lane, []).append(stage)
    return list(lanes.values())


def steady_tops(stages: list[StageResult]) -> list[StageResult]:
    """Return, for each lane that has one, the longest stage at its highest steady rate."""
    steady = ([stage for stage in lane if stage.holds] for lane in by_lane(stages))
    return [max(s, key=lambda one: (one.start_rate, one.end_s - one.start_s)) for s in steady if s]


class Saturation(Printable):
    """How a target fell behind what was asked of it, in requests to the model.

    `in_flight`: the most that were open at once. `slowdown`: by what factor answers took longer
    with many in flight than with few; None where they never came.
    """

    asked_per_s: float
    completed_per_s: float
    in_flight: int
    slowdown: float | None = None

"""What became of each stretch of a lane's load, from the records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from janbench.model.load.profile import Open, Segment
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.load import StageResult
from janbench.results.records.distributions import distribution_of, summary_of
from janbench.results.records.reader import Records


@dataclass(frozen=True)
class _Stretch:
    lane: str
    start_s: float
    segment: Segment

    @property
    def end_s(self) -> float:
        return self.start_s + self.segment.seconds


def stages_of(info: CaseInfo, records: Records) -> list[StageResult]:
    """Return the stages of the lanes whose rate was given; none for other shapes of load."""
    stretches = list(_stretches(info))
    rows = _rows(records, stretches, info.model_steps) if stretches else []
    return [
        _stage(stretch, row, info.model_requests.get(stretch.lane))
        for stretch, row in zip(stretches, rows, strict=True)
    ]


def _stretches(info: CaseInfo) -> Iterator[_Stretch]:
    for lane in info.lanes:
        if isinstance(lane.profile, Open):
            start_s = 0.0
            for segment in lane.profile.segments:
                stretch = _Stretch(lane.name, start_s, segment)
                yield stretch
                start_s = stretch.end_s


def _rows(records: Records, stretches: Sequence[_Stretch], steps: Sequence[str]) -> list[Any]:
    """Return a row for each stretch: iterations, requests to the model, good ones, two figures."""
    values: list[Any] = [list(steps)]
    last = {stretch.lane: stretch for stretch in stretches}
    for number, stretch in enumerate(stretches):
        # An iteration that k6 begins in the load's last instant belongs to the last stage.
        end_s = math.inf if stretch is last[stretch.lane] else stretch.end_s
        values += [number, stretch.lane, stretch.start_s * 1000, end_s * 1000]
    places = ", ".join(["(?, ?, ?, ?)"] * len(stretches))
    return records.ask(
        f"""WITH model AS (SELECT ? AS steps),
            stages(number, lane, begins, ends) AS (VALUES {places}),
            placed AS (
              SELECT number, iteration, coalesce(list_contains(steps, step), false) AS talks,
                talks AND integrity = 'ok' AS good, ttft_ms, e2e_ms
              FROM model, stages LEFT JOIN records ON records.lane = stages.lane
                AND iteration_at_ms >= begins AND iteration_at_ms < ends
            ) SELECT count(DISTINCT iteration), count_if(talks), count_if(good),
              {summary_of("CASE WHEN good THEN ttft_ms END")},
              {summary_of("CASE WHEN good THEN e2e_ms END")}
            FROM placed GROUP BY number ORDER BY number""",  # noqa: S608
        values,
    )


def _stage(stretch: _Stretch, row: Sequence[Any], each: float | None) -> StageResult:
    started, requests, good, ttft_ms, e2e_ms = row
    segment = stretch.segment
    asked = None if each is None else round(segment.iterations * each / segment.seconds, 3)
    return StageResult(
        lane=stretch.lane,
        start_s=round(stretch.start_s, 3),
        end_s=round(stretch.end_s, 3),
        start_rate=segment.start,
        end_rate=segment.end,
        planned_iterations=round(segment.iterations, 3),
        started_iterations=started,
        requests=requests,
        failed=requests - good,
        requests_per_s=round(good / segment.seconds, 3),
        asked_requests_per_s=asked,
        ttft_ms=distribution_of(ttft_ms),
        e2e_ms=distribution_of(e2e_ms),
    )

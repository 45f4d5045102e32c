"""Whether the target, not the generator, was why less load was carried than asked for.

Virtual users run out in two ways. A target that answers late because it has more to do than it can
makes requests pile up: their times grow with the number in flight. One that is as slow when it is
alone as under load only needs more users: then the generator had too few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from janbench.model.load.profile import Scheduled
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.load import Saturation, StageResult, steady_tops
from janbench.results.records.reader import Records

# Imported where it is used: it takes longer to load than a single run's result takes to make.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_GROWTH = 1.5  # of the median time of an answer, from few requests in flight to many
_SHORTFALL = 0.9  # of the rate asked for: less than this was completed
_LEAST = 5  # requests in flight: fewer aren't a queue
_SAMPLES = 3  # on either side of the comparison


@dataclass(frozen=True)
class _Course:
    """Requests to the model: when each began and ended (infinite: never), in s of the load."""

    began: Floats
    ended: Floats
    ok: npt.NDArray[np.bool_]

    def in_flight(self, at: Floats) -> npt.NDArray[np.int64]:
        """Return how many were open at these times."""
        import numpy as np

        begun = np.searchsorted(np.sort(self.began), at, side="right")
        return np.asarray(begun - np.searchsorted(np.sort(self.ended), at, side="right"))


def saturation_of(
    info: CaseInfo, stages: list[StageResult], records: Records | None
) -> Saturation | None:
    """Return how the target fell behind the load asked of it; None when it didn't.

    Judged over the longest stage at the highest steady rate, of all lanes together.
    """
    asked, begin, end = _asked(info, stages)
    if records is None or not asked:
        return None
    course = _Course(*records.course(info.model_steps))
    found = _growth(course)
    if found is None or found[1] < _GROWTH:
        return None
    alone_s, growth = found
    # What begins in this time would have ended in it, had the target stayed as quick as it can be.
    done = (course.ended >= begin + alone_s) & (course.ended < end + alone_s) & course.ok
    completed = float(done.sum()) / (end - begin)
    if completed >= _SHORTFALL * asked:
        return None
    return Saturation(
        asked_per_s=round(asked, 3),
        completed_per_s=round(completed, 3),
        in_flight=int(course.in_flight(course.began).max()),
        slowdown=round(growth, 2) if math.isfinite(growth) else None,
    )


def _asked(info: CaseInfo, stages: list[StageResult]) -> tuple[float, float, float]:
    """Return the requests/s asked for, and from when to when, in s of the load; 0: not known."""
    tops = steady_tops(stages)
    asked = sum(stage.asked_requests_per_s or 0.0 for stage in tops)
    if asked:
        return asked, min(s.start_s for s in tops), max(s.end_s for s in tops)
    lanes = [lane for lane in info.lanes if isinstance(lane.profile, Scheduled)]
    rates = [
        lane.profile.rate * (info.model_requests.get(lane.name) or 0.0)
        for lane in lanes
        if isinstance(lane.profile, Scheduled)
    ]
    end = max((lane.profile.seconds for lane in lanes if lane.profile), default=0.0)
    return (sum(rates), 0.0, end) if end else (0.0, 0.0, 0.0)


def _growth(course: _Course) -> tuple[float, float] | None:
    """Return the time of an answer with few in flight, in s, and how much longer with many.

    Infinitely longer when those that began among many never ended; None when there was no queue.
    """
    import numpy as np

    if not course.began.size:
        return None
    open_then = course.in_flight(course.began)
    most = int(open_then.max())
    if most < _LEAST:
        return None
    took = course.ended - course.began
    few, many = took[open_then <= max(1, most // 5)], took[open_then >= most * 0.6]
    few = few[np.isfinite(few)]
    if few.size < _SAMPLES or many.size < _SAMPLES:
        return None
    alone_s = float(np.median(few))
    return alone_s, float(np.quantile(many, 0.5, method="lower")) / alone_s

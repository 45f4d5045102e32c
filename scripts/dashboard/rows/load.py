"""Was the load that was asked for really offered?"""

from __future__ import annotations

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import COUNT, PER_SECOND, SECONDS, Look, Query, Row, lines

_RUN = "{{test_case}} {{testid}}"
_LANE = "{{scenario}} {{testid}}"


def row() -> Row:
    """Return the row."""
    quarter = Look(width=6)
    lane = f"{queries.BY_RUN}, scenario"
    return Row(
        "Load",
        [
            lines(
                "Virtual users",
                [
                    Query(queries.gauge("vus"), f"busy {_RUN}"),
                    Query(queries.gauge("vus_max"), f"there {_RUN}"),
                ],
                COUNT,
                "A virtual user is held for a whole iteration. `busy` rises when the server slows "
                "down; when it reaches what k6 may have at most, iterations are dropped.",
                quarter,
            ),
            lines(
                "Iterations finished per second",
                [Query(queries.per_second("iterations", queries.RUN, lane), _LANE)],
                PER_SECOND,
                "By lane. It lags behind the starts by the length of an iteration and then follows "
                "the asked rate: ramp up, hold, ramp down.",
                quarter,
            ),
            lines(
                "Iterations dropped",
                [Query(queries.total_or_zero("dropped_iterations"), _RUN)],
                COUNT,
                "Since the start of the run. Good: 0. Raise `load.max_vus`, or lower the rate.",
                quarter,
            ),
            lines(
                "Iteration duration p95",
                [Query(queries.percentile("iteration_duration", 95, queries.RUN, lane), _LANE)],
                SECONDS,
                f"One pass through the lane's steps, think time included. {means.SINCE_START}",
                quarter,
            ),
        ],
    )

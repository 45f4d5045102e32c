"""Is this run all right?"""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.models import dashboard as models

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import (
    COUNT,
    GREEN,
    RED,
    SECONDS,
    SHARE,
    YELLOW,
    Levels,
    Look,
    Panel,
    Query,
    Row,
    bars,
    number,
)

_LEGEND = "{{test_case}} {{testid}}"
_FEW_ERRORS = [(None, GREEN), (0.01, YELLOW), (0.05, RED)]
_HIGH_SHARE = [(None, RED), (0.95, YELLOW), (0.99, GREEN)]
# janbench's exit codes: the numbers that `janbench_verdict` has.
_VERDICTS = {
    "0": ("PASS", GREEN),
    "1": ("FAIL", RED),
    "3": ("ERROR", RED),
    "4": ("INVALID", YELLOW),
    "130": ("INTERRUPTED", YELLOW),
}


def row() -> Row:
    """Return the row."""
    return Row("Verdict at a glance", [*_figures(), _checks()])


def _figures() -> list[Panel]:
    words = [
        models.ValueMap(
            options={
                code: models.ValueMappingResult(text=text, color=color, index=index)
                for index, (code, (text, color)) in enumerate(_VERDICTS.items())
            }
        )
    ]
    return [
        number(
            "Verdict",
            Query(queries.pushed("verdict"), _LEGEND),
            COUNT,
            "How janbench judged the run. PASS: every check, threshold and objective held. "
            "INVALID: the load generator was too busy or dropped load, so the figures can't be "
            f"trusted. The reasons are in result.json and in the annotations. {means.AT_THE_END}",
            _small(mappings=words, levels=[(None, GREEN), (1, RED)]),
        ),
        number(
            "Error rate",
            Query(queries.error_ratio(), _LEGEND),
            SHARE,
            f"{means.ERROR_RATE} Good: under 1 %.",
            _small(levels=_FEW_ERRORS, decimals=2),
        ),
        number(
            "Worst check",
            Query(queries.worst_check(), _LEGEND),
            SHARE,
            "The share of passes of the check that failed most. The panel below names it. "
            "Good: 100 %.",
            _small(levels=_HIGH_SHARE, decimals=2),
        ),
        number(
            "Goodput",
            Query(queries.pushed("goodput_ratio"), _LEGEND),
            SHARE,
            f"{means.GOODPUT} {means.AT_THE_END} Good: what your objective says, often 99 %.",
            _small(levels=_HIGH_SHARE, decimals=2),
        ),
        number(
            "Dropped iterations",
            Query(queries.total_or_zero("dropped_iterations"), _LEGEND),
            COUNT,
            "Iterations that k6 couldn't start, since no virtual user was free: less load was "
            "offered than asked for. Anything but 0 makes a run INVALID.",
            _small(levels=[(None, GREEN), (1, RED)], decimals=0),
        ),
        number(
            "Schedule lag p99",
            Query(
                "max by (testid, test_case, source) (last_over_time("
                f"janbench_generator_lag_seconds{{{queries.RUN}}}[$__range]))",
                "{{source}} {{test_case}} {{testid}}",
            ),
            SECONDS,
            "How late the load generator itself was: `schedule`, starting an iteration; `proxy`, "
            f"reading an event that had arrived. Good: under 5 ms. {means.AT_THE_END}",
            _small(levels=[(None, GREEN), (0.005, YELLOW), (0.02, RED)], decimals=2),
        ),
    ]


def _small(
    levels: Levels, decimals: int | None = None, mappings: Sequence[models.ValueMapping] = ()
) -> Look:
    return Look(width=4, height=5, levels=levels, decimals=decimals, mappings=mappings)


def _checks() -> Panel:
    return bars(
        "Checks, worst first",
        [Query(f"sort(bottomk(15, {queries.worst_check('check')}))", "{{check}}")],
        SHARE,
        "The 15 checks that failed most, each with the share of passes in its worst lane and run. "
        "A check's name begins with its step's label. Good: 100 % everywhere.",
        Look(width=24, height=9, levels=_HIGH_SHARE, decimals=2, maximum=1),
    )

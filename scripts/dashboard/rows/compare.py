"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Callable

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import (
    GREEN,
    PER_SECOND,
    RED,
    SECONDS,
    SHARE,
    TOKENS_PER_SECOND,
    YELLOW,
    Look,
    Panel,
    Query,
    Row,
    bars,
)

_RUNS = ("baseline", "candidate")
_HOW = (
    "The runs chosen as baseline and candidate at the top; both must lie within the dashboard's "
    "time range."
)
# Two runs differ by chance, too: janbench compare says whether the difference means anything.
_CHANGE = (
    "Candidate / baseline - 1: +10 % of a time is slower. Both runs must have been pushed in the "
    "same way: native histograms are up to 9 % coarse. `janbench compare` tells a difference from "
    "chance."
)
_SLOWER = ((None, GREEN), (0.05, YELLOW), (0.1, RED))


def row() -> Row:
    """Return the row."""
    return Row(
        "Comparison of two runs",
        [
            _latency("TTFT p95", "llm_ttft_ms", means.TTFT),
            _latency("e2e p95", "llm_e2e_ms", means.E2E),
            _pair(
                "Error rate",
                lambda where: queries.error_ratio(where, "test_case"),
                SHARE,
                means.ERROR_RATE,
            ),
            _pair(
                "Requests per second",
                lambda where: queries.pushed("requests_per_second", where, "test_case"),
                PER_SECOND,
                f"Requests / the length of the run. {means.AT_THE_END}",
            ),
            _pair(
                "Output tokens per second",
                lambda where: queries.pushed("output_tokens_per_second", where, "test_case"),
                TOKENS_PER_SECOND,
                f"Output tokens of good answers / the length of the run. {means.AT_THE_END}",
            ),
            _change("Change of TTFT p95", "llm_ttft_ms"),
            _change("Change of e2e p95", "llm_e2e_ms"),
        ],
    )


def _where(run: str, more: str = "") -> str:
    return f'testid="${run}"{more}'


def _latency(title: str, metric: str, meaning: str) -> Panel:
    return bars(
        title,
        [Query(_p95(metric, run), f"{run} {{{{step}}}}") for run in _RUNS],
        SECONDS,
        f"{meaning} The p95 of the whole run. {_HOW}",
        Look(width=12, height=8),
    )


def _pair(title: str, query: Callable[[str], str], unit: str, meaning: str) -> Panel:
    return bars(
        title,
        [Query(query(_where(run)), f"{run} {{{{test_case}}}}") for run in _RUNS],
        unit,
        f"{meaning} {_HOW}",
        Look(width=8, height=7, decimals=2),
    )


def _change(title: str, metric: str) -> Panel:
    baseline, candidate = (_p95(metric, run) for run in _RUNS)
    return bars(
        title,
        [Query(f"({candidate}) / ({baseline}) - 1", "{{step}}")],
        SHARE,
        f"{_CHANGE} {_HOW}",
        Look(width=12, height=7, levels=_SLOWER, decimals=1, minimum=None),
    )


def _p95(metric: str, run: str) -> str:
    return queries.final_percentile(metric, 95, _where(run, ',status=~"2.."'), "step")

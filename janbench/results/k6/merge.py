"""One summary out of those of several k6 processes that shared a load, as if one had run it all.

Counts add up; the statistics of Trends come from the samples; thresholds are judged anew, since
each process judged its own share. What can't be merged exactly isn't in the merged summary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from janbench.model.results.result import CheckResult
from janbench.model.thresholds import TOKENS_SPENT, Expression, parse_expression
from janbench.results.k6.samples import K6Samples
from janbench.results.k6.summary import K6Summary


def merge_summaries(
    summaries: Sequence[K6Summary], samples: Sequence[Path]
) -> tuple[K6Summary, str]:
    """Merge summaries, with the sample files of the same processes; and say what was lost.

    When samples are missing, the Trends are absent: their percentiles can't be known.
    """
    import duckdb

    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for summary in summaries:
        for name, statistics in summary.values.items():
            groups[name].append(statistics)
    trends = [name for name, group in groups.items() if any("avg" in one for one in group)]
    values: dict[str, dict[str, float]] = {}
    for name, group in groups.items():
        if (added := _added(group)) is not None:
            values[name] = added
    lost = ""
    try:
        table = K6Samples(samples, trends)
    except duckdb.Error as error:
        return _judged(values, summaries, None), f"k6's samples ({str(error).splitlines()[0]})"
    try:
        for name in trends:
            found = table.statistics(name, groups[name][0])
            counted = sum(group.get("count", 0) for group in groups[name])
            if found.get("count", 0) != counted:
                lost = f"{counted - found.get('count', 0):.0f} samples of {name}"
            elif found:
                values[name] = found
        return _judged(values, summaries, table), lost
    finally:
        table.close()


def _added(group: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    """Add up counters and rates; None for a Trend, and for a gauge, whose total nobody knows."""
    first = group[0]
    if "passes" in first:
        passes = sum(values.get("passes", 0) for values in group)
        fails = sum(values.get("fails", 0) for values in group)
        rate = passes / (passes + fails) if passes + fails else 0.0
        return {"passes": passes, "fails": fails, "rate": rate}
    if "count" in first and "avg" not in first:
        return {key: sum(values.get(key, 0) for values in group) for key in ("count", "rate")}
    return None


def _judged(
    values: Mapping[str, Mapping[str, float]],
    summaries: Sequence[K6Summary],
    samples: K6Samples | None,
) -> K6Summary:
    crossed: dict[tuple[str, str], bool] = {}
    for metric, expression in dict.fromkeys(key for one in summaries for key in one.crossed):
        parsed = parse_expression(expression)
        # A budget of tokens ends the run at each process's own share: it holds if it holds for all.
        if metric == TOKENS_SPENT or not values.get(metric) or parsed is None:
            failed = any(one.crossed.get((metric, expression), False) for one in summaries)
        else:
            failed = _crossed(values[metric], metric, parsed, samples)
        crossed[metric, expression] = failed
    return K6Summary(values, crossed, _checks(summaries))


def _crossed(
    values: Mapping[str, float], metric: str, expression: Expression, samples: K6Samples | None
) -> bool:
    """Judge an expression (`p(95)<500`); a rate without any sample holds, as for k6."""
    statistic, operator, limit = expression
    value = values.get(statistic)
    if value is None and samples is not None:
        value = samples.statistics(metric, [statistic]).get(statistic)
    if value is None or values.get("passes", 1) + values.get("fails", 0) == 0:
        return False
    return not {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "==": value == limit,
        "===": value == limit,
        "!=": value != limit,
    }[operator]


def _checks(summaries: Sequence[K6Summary]) -> tuple[CheckResult, ...]:
    counts: dict[str, tuple[int, int]] = {}
    for check in (check for summary in summaries for check in summary.checks):
        passes, fails = counts.get(check.name, (0, 0))
        counts[check.name] = (passes + check.passes, fails + check.fails)
    return tuple(CheckResult(name=name, passes=p, fails=f) for name, (p, f) in counts.items())

"""Writes a comparison as HTML, with the distributions of both runs laid over each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TextIO

from janbench.model.metric import CHARTED, title_of
from janbench.model.results.comparison import Comparison
from janbench.model.results.series import ScenarioSeries
from janbench.reports.compare_rows import HEAD_ROW, conclusion, row_of
from janbench.reports.html.chart import Chart
from janbench.reports.html.charts import cdf_chart
from janbench.reports.html.page import render_page

# BASE in grey, HEAD in colour: the eye goes to what is new.
_COLOURS = ("series-6", "series-1")


def write_comparison_html(
    comparison: Comparison,
    base: Mapping[str, ScenarioSeries],
    head: Mapping[str, ScenarioSeries],
    titles: Mapping[str, Mapping[str, str]],
    out: TextIO,
) -> None:
    """Write the page; `base`, `head` and `titles` (of the steps) go by scenario."""
    views = []
    charts: list[Chart] = []
    for place, scenario in enumerate(comparison.scenarios, start=1):
        own = list(
            _charts(
                f"scenario-{place}",
                base.get(scenario.name),
                head.get(scenario.name),
                titles.get(scenario.name, {}),
            )
        )
        charts += own
        rows = [row_of(effect) for effect in scenario.effects]
        views.append({"scenario": scenario, "rows": rows, "charts": own})
    render_page(
        "comparison.html.j2",
        charts,
        out,
        comparison=comparison,
        conclusion=conclusion(comparison),
        head_row=HEAD_ROW,
        views=views,
    )


def _charts(
    prefix: str,
    base: ScenarioSeries | None,
    head: ScenarioSeries | None,
    titles: Mapping[str, str],
) -> Iterator[Chart]:
    if base is None or head is None:
        return
    for metric in CHARTED:
        theirs = base.cdfs.get(metric, {})
        ours = head.cdfs.get(metric, {})
        for place, step in enumerate(name for name in ours if name in theirs):
            yield cdf_chart(
                f"{prefix}-{metric}-{place}",
                f"{title_of(metric)}: {titles.get(step, step)}",
                {"BASE": theirs[step], "HEAD": ours[step]},
                _COLOURS,
            )

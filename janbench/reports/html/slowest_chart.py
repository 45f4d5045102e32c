"""The slowest requests as bars of their parts."""

from __future__ import annotations

from collections.abc import Mapping

from janbench.model.results.series import ScenarioSeries, SlowRequest
from janbench.reports import figures
from janbench.reports.html.chart import Chart, Key
from janbench.reports.html.plot import add_hover, new_figure, paint

_PARTS = {
    "headers": ("request to headers", "series-6"),
    "first": ("headers to first token", "series-2"),
    "rest": ("first token to last", "series-1"),
    "body": ("headers to full body", "series-3"),
    "finalize": ("last token to end", "series-5"),
}


def slowest_chart(chart_id: str, series: ScenarioSeries, titles: Mapping[str, str]) -> Chart:
    """Draw the slowest requests, slowest on top, each split into what it waited for."""
    parts = [_parts(request) for request in series.slowest]
    used = [name for name in _PARTS if any(part[name] for part in parts)]
    ranks = [str(place + 1) for place in range(len(parts))]
    plot = new_figure(90 + 24 * len(parts), "ms", "", y_range=ranks[::-1])
    plot.x_range.update(start=0)
    drawn = plot.hbar_stack(
        used,
        y="rank",
        height=0.72,
        color=[paint(_PARTS[name][1]) for name in used],
        source={
            "rank": ranks,
            "step": [titles.get(request.step, request.step) for request in series.slowest],
            **{name: [part[name] for part in parts] for name in used},
        },
    )
    for name, bar in zip(used, drawn, strict=True):
        add_hover(plot, [bar], [("", "@step"), (_PARTS[name][0], f"@{name}{{0,0.0}} ms")])
    return Chart(
        id=chart_id,
        title="Slowest requests",
        summary=_words(series.slowest[0], titles),
        model=plot,
        height=90 + 24 * len(parts),
        legend=[Key(_PARTS[name][0], _PARTS[name][1], "box") for name in used],
        head=[
            "#", "Step", "At", "Took", "Headers", "First token", "Finalize", "Tokens", "Status",
            "Class", "Request id",
        ],
        rows=[
            _row(rank, request, titles)
            for rank, request in zip(ranks, series.slowest, strict=True)
        ],
    )  # fmt: skip


def _parts(request: SlowRequest) -> dict[str, float]:
    headers = min(request.ttfb_ms or 0.0, request.e2e_ms)
    parts = dict.fromkeys(_PARTS, 0.0)
    parts["headers"] = headers
    if request.ttft_ms is None:
        parts["body"] = request.e2e_ms - headers
    else:
        parts["first"] = max(0.0, request.ttft_ms - headers)
        parts["rest"] = max(0.0, request.e2e_ms - request.ttft_ms)
    parts["finalize"] = request.finalize_ms or 0.0
    return parts


def _row(rank: str, request: SlowRequest, titles: Mapping[str, str]) -> list[str]:
    return [
        rank,
        titles.get(request.step, request.step),
        figures.clock(request.at_s),
        figures.milliseconds(request.e2e_ms + (request.finalize_ms or 0.0)),
        figures.milliseconds(request.ttfb_ms),
        figures.milliseconds(request.ttft_ms),
        figures.milliseconds(request.finalize_ms),
        figures.count(request.output_tokens),
        figures.ABSENT if request.status is None else str(request.status),
        request.integrity,
        request.known_as or figures.ABSENT,
    ]


def _words(slowest: SlowRequest, titles: Mapping[str, str]) -> str:
    took = figures.milliseconds(slowest.e2e_ms + (slowest.finalize_ms or 0.0))
    return (
        f"The slowest request, {titles.get(slowest.step, slowest.step)} at "
        f"{figures.clock(slowest.at_s)}, took {took}."
    )

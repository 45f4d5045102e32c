"""The charts of one scenario, built from its series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from janbench.model.metric import CHARTED, HEADLINES, title_of
from janbench.model.results.series import Cdf, LatencyLine, ScenarioSeries
from janbench.reports import figures
from janbench.reports.html.chart import Chart, Key
from janbench.reports.html.plot import (
    add_hover,
    error_colour,
    from_zero,
    new_figure,
    paint,
    series_colour,
)

if TYPE_CHECKING:
    from bokeh.plotting import figure

_TIME = "seconds since the first request"
_TABLE_ROWS = 30
_QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
# Beyond this ratio of slow to quick, a linear scale flattens what is quick onto the axis.
_WIDE = 25.0


def scenario_charts(
    prefix: str, series: ScenarioSeries, titles: Mapping[str, str]
) -> Iterator[Chart]:
    """Return the charts that there is data for; `titles` names the steps for people."""
    for metric in HEADLINES:
        if series.latency.get(metric):
            yield latency_chart(f"{prefix}-{metric}-time", metric, series, titles)
    for metric in CHARTED:
        if series.cdfs.get(metric):
            yield cdf_chart(
                f"{prefix}-{metric}-cdf",
                f"{title_of(metric)}: distribution",
                {titles.get(step, step): cdf for step, cdf in series.cdfs[metric].items()},
            )
    yield load_chart(f"{prefix}-load", series)
    if series.errors:
        yield error_chart(f"{prefix}-errors", series)


def latency_chart(
    chart_id: str, metric: str, series: ScenarioSeries, titles: Mapping[str, str]
) -> Chart:
    """Draw single requests, median and 95th percentile over time, with the load beneath."""
    from bokeh.layouts import column

    lines = series.latency[metric]
    scale = _scale([v for line in lines.values() for v in (*line.p50, *line.p95) if v])
    top = new_figure(270, "", "ms", y_axis_type=scale)
    if scale == "linear":
        from_zero(top)
    for place, (step, line) in enumerate(lines.items()):
        colour = paint(series_colour(place))
        dots = series.dots.get(metric, {}).get(step)
        if dots:
            top.scatter(dots.at_s, dots.value_ms, size=4, color=colour, alpha=0.28, line_color=None)
        _draw_latency(top, series.bins, line, colour, titles.get(step, step))
    top.xaxis.visible = False
    bottom = _load_strip(series, "requests/s", series.requests_per_s, "series-6")
    bottom.x_range = top.x_range
    legend = [
        key
        for place, step in enumerate(lines)
        for key in (
            Key(f"{titles.get(step, step)}, median", series_colour(place)),
            Key("95th percentile", series_colour(place), "dashed"),
        )
    ]
    return Chart(
        id=chart_id,
        title=f"{title_of(metric)} over time",
        summary=" ".join(
            [
                *(_latency_words(titles.get(s, s), line, series) for s, line in lines.items()),
                "Beneath: requests started per second.",
            ]
        ),
        model=column(top, bottom, sizing_mode="stretch_width", spacing=0),
        height=400,
        legend=[*legend, Key("requests started/s", "series-6", "box")],
        head=["Time", *(f"{titles.get(s, s)} {q}" for s in lines for q in ("p50", "p95"))],
        rows=[
            [
                figures.clock(series.bins[i]),
                *(
                    figures.milliseconds(values[i])
                    for line in lines.values()
                    for values in (line.p50, line.p95)
                ),
            ]
            for i in _some(len(series.bins))
        ],
    )


def _draw_latency(
    plot: figure, bins: Sequence[float], line: LatencyLine, colour: str, title: str
) -> None:
    from bokeh.models import ColumnDataSource

    # A gap in a line stands for a bin without a sample; a lone bin still shows as a point.
    data = ColumnDataSource(
        {
            "at": list(bins),
            "p50": _holes(line.p50),
            "p95": _holes(line.p95),
            "step": [title] * len(bins),
        }
    )
    plot.line("at", "p95", source=data, color=colour, line_dash="dashed", line_width=1.5)
    drawn = plot.line("at", "p50", source=data, color=colour, line_width=2.5)
    marks = plot.scatter("at", "p50", source=data, color=colour, size=5)
    add_hover(
        plot,
        [drawn, marks],
        [
            ("", "@step"),
            ("at", "@at{0,0.0} s"),
            ("median", "@p50{0,0.0} ms"),
            ("p95", "@p95{0,0.0} ms"),
        ],
    )


def cdf_chart(
    chart_id: str, title: str, cdfs: Mapping[str, Cdf], colours: Sequence[str] = ()
) -> Chart:
    """Draw the share of samples that took at most so long, a line for each name."""
    colours = colours or [series_colour(place) for place in range(len(cdfs))]
    scale = _scale([cdf.quantile(q) for cdf in cdfs.values() for q in (0.02, 0.99)])
    plot = new_figure(260, "ms", "% of samples", x_axis_type=scale)
    plot.y_range.update(start=0, end=101)
    for place, cdf in enumerate(cdfs.values()):
        known = [(v, s * 100) for v, s in zip(cdf.values, cdf.shares, strict=True) if v > 0]
        drawn = plot.line(
            [v for v, _ in known],
            [s for _, s in known],
            color=paint(colours[place]),
            line_width=2.5,
        )
        add_hover(plot, [drawn], [("at most", "$x{0,0.0} ms"), ("share", "$y{0.0}%")])
    return Chart(
        id=chart_id,
        title=title,
        summary=" ".join(
            f"{name}: half took at most {figures.milliseconds(cdf.quantile(0.5))}, "
            f"95% at most {figures.milliseconds(cdf.quantile(0.95))} "
            f"({figures.count(cdf.count)} samples)."
            for name, cdf in cdfs.items()
        ),
        model=plot,
        height=260,
        legend=[Key(name, colours[place]) for place, name in enumerate(cdfs)],
        head=["Share of samples", *cdfs],
        rows=[
            [
                figures.share(q),
                *(figures.milliseconds(cdf.quantile(q)) for cdf in cdfs.values()),
            ]
            for q in _QUANTILES
        ],
        wide=False,
    )


def load_chart(chart_id: str, series: ScenarioSeries) -> Chart:
    """Draw requests in flight and output tokens per second, one beneath the other."""
    from bokeh.layouts import column

    talks = any(series.tokens_per_s)
    panels = [_load_strip(series, "in flight", series.in_flight, "series-1", height=170)]
    legend = [Key("requests in flight", "series-1", "box")]
    words = f"At most {figures.rate(max(series.in_flight))} requests were in flight at a time"
    if talks:
        panels.append(_load_strip(series, "tokens/s", series.tokens_per_s, "series-3", height=190))
        panels[0].xaxis.visible = False
        panels[1].x_range = panels[0].x_range
        legend.append(Key("output tokens/s", "series-3", "box"))
        words += f"; at most {figures.rate(max(series.tokens_per_s))} tokens/s were produced"
    return Chart(
        id=chart_id,
        title="Concurrency and throughput" if talks else "Concurrency",
        summary=f"{words}. Means of {series.bin_s:g} s.",
        model=column(*panels, sizing_mode="stretch_width", spacing=0),
        height=360 if talks else 170,
        legend=legend,
        head=["Time", "In flight", "Requests/s", "Tokens/s"],
        rows=[
            [
                figures.clock(series.bins[i]),
                figures.rate(series.in_flight[i]),
                figures.rate(series.requests_per_s[i]),
                figures.rate(series.tokens_per_s[i]),
            ]
            for i in _some(len(series.bins))
        ],
    )


def error_chart(chart_id: str, series: ScenarioSeries) -> Chart:
    """Draw failed requests over time, stacked by class."""
    plot = new_figure(220, _TIME, "failed requests")
    from_zero(plot)
    classes = list(series.errors)
    drawn = plot.vbar_stack(
        classes,
        x="at",
        width=series.bin_s * 0.9,
        color=[paint(error_colour(place)) for place in range(len(classes))],
        source={"at": list(series.bins), **{c: list(n) for c, n in series.errors.items()}},
    )
    add_hover(plot, drawn, [("class", "$name"), ("at", "@at{0,0.0} s"), ("failed", "@$name")])
    totals = {kind: sum(counts) for kind, counts in series.errors.items()}
    busy = [i for i in range(len(series.bins)) if any(n[i] for n in series.errors.values())]
    return Chart(
        id=chart_id,
        title="Errors over time, by class",
        summary=f"{sum(totals.values()):,} requests failed: "
        + ", ".join(f"{count:,} {kind}" for kind, count in totals.items())
        + f". First at {figures.clock(series.bins[busy[0]])}, "
        + f"last at {figures.clock(series.bins[busy[-1]])}.",
        model=plot,
        height=220,
        legend=[Key(kind, error_colour(place), "box") for place, kind in enumerate(classes)],
        head=["Time", *classes],
        rows=[
            [figures.clock(series.bins[i]), *(f"{series.errors[c][i]:,}" for c in classes)]
            for i in (busy[j] for j in _some(len(busy)))
        ],
    )


def _load_strip(
    series: ScenarioSeries, label: str, values: Sequence[float], colour: str, height: int = 130
) -> figure:
    plot = new_figure(height, _TIME, label, ticks=3)
    from_zero(plot)
    drawn = plot.vbar(
        x="at",
        top="value",
        width=series.bin_s * 0.92,
        color=paint(colour),
        alpha=0.75,
        line_color=None,
        source={"at": list(series.bins), "value": list(values)},
    )
    add_hover(plot, [drawn], [("at", "@at{0,0.0} s"), (label, "@value{0,0.[00]}")])
    return plot


def _scale(values: Sequence[float]) -> str:
    positive = [value for value in values if value > 0]
    return "log" if positive and max(positive) / min(positive) > _WIDE else "linear"


def _holes(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _some(count: int) -> list[int]:
    """Return evenly spread places, at most as many as a table may have rows."""
    step = max(1, -(-count // _TABLE_ROWS))
    return list(range(0, count, step))


def _latency_words(title: str, line: LatencyLine, series: ScenarioSeries) -> str:
    known = [
        (value, at) for value, at in zip(line.p50, series.bins, strict=True) if value is not None
    ]
    least, most = min(known), max(known)
    return (
        f"{title}: the median went from {figures.milliseconds(known[0][0])} at the start to "
        f"{figures.milliseconds(known[-1][0])} at the end, lowest "
        f"{figures.milliseconds(least[0])}, highest {figures.milliseconds(most[0])} at "
        f"{figures.clock(most[1])}."
    )

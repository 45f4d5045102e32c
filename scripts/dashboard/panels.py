"""Panels: a query or several, a unit, and words that say how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
# Grafana derives $__rate_interval from it: four of k6's default pushes.
PUSH_INTERVAL = "5s"

SECONDS = "s"
SHARE = "percentunit"
PER_SECOND = "reqps"
COUNT = "short"
BYTES_PER_SECOND = "Bps"
TOKENS_PER_SECOND = "suffix: tok/s"

GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"

Panel = stat.Panel | timeseries.Panel | bargauge.Panel
# The value from which on a colour holds; None: from the beginning.
Levels = Sequence[tuple[float | None, str]]


@dataclass(frozen=True)
class Query:
    """A PromQL expression; `legend` is a Grafana template such as `{{step}}`."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Row:
    """Panels under a heading; a collapsed one is queried only when it is opened."""

    title: str
    panels: list[Panel]
    collapsed: bool = False


@dataclass(frozen=True)
class Look:
    """Width in Grafana's 24 columns, height in 30-pixel rows; colours by value; ends of bars."""

    width: int = 8
    height: int = 8
    levels: Levels = ((None, BLUE),)
    decimals: int | None = None
    mappings: Sequence[models.ValueMapping] = ()
    minimum: float | None = 0
    maximum: float | None = None


def number(title: str, query: Query, unit: str, description: str, look: Look) -> stat.Panel:
    """One figure for each run."""
    panel = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .text_mode(common_models.BigValueTextMode.AUTO)
        .mappings(list(look.mappings))
        .no_value("no data")
    )
    _dress(
        panel,
        title=title,
        queries=[query],
        unit=unit,
        description=description,
        look=look,
        instant=True,
    )
    return panel


def lines(
    title: str, queries: Sequence[Query], unit: str, description: str, look: Look | None = None
) -> timeseries.Panel:
    """Figures over time."""
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    tooltip = (
        common.VizTooltipOptions()
        .mode(common_models.TooltipDisplayMode.MULTI)
        .sort(common_models.SortOrder.DESCENDING)
    )
    panel = (
        timeseries.Panel()
        .legend(legend)
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(10)
        .show_points(common_models.VisibilityMode.AUTO)
        .axis_soft_min(0)
    )
    chosen = look or Look()
    _dress(
        panel,
        title=title,
        queries=queries,
        unit=unit,
        description=description,
        look=chosen,
        instant=False,
    )
    panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
    return panel


def bars(
    title: str, queries: Sequence[Query], unit: str, description: str, look: Look
) -> bargauge.Panel:
    """Figures beside each other, a bar for each."""
    panel = (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.TEXT)
        .show_unfilled(True)
    )
    if look.minimum is not None:
        panel.min(look.minimum)
    if look.maximum is not None:
        panel.max(look.maximum)
    _dress(
        panel,
        title=title,
        queries=queries,
        unit=unit,
        description=description,
        look=look,
        instant=True,
    )
    return panel


def _dress(
    panel: Panel,
    *,
    title: str,
    queries: Sequence[Query],
    unit: str,
    description: str,
    look: Look,
    instant: bool,
) -> None:
    panel.title(title).description(description).datasource(DATASOURCE).unit(unit)
    panel.interval(PUSH_INTERVAL).span(look.width).height(look.height)
    if look.decimals is not None:
        panel.decimals(look.decimals)
    steps = [models.Threshold(value=value, color=color) for value, color in look.levels]
    panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    for letter, query in zip("ABCDEFGHIJKLMNOP", queries, strict=False):
        target = (
            prometheus.Dataquery()
            .datasource(DATASOURCE)
            .expr(query.expr)
            .legend_format(query.legend)
            .ref_id(letter)
        )
        panel.with_target(target.instant() if instant else target.range())

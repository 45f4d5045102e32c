"""Bokeh figures in the page's dress: quiet axes, no toolbar, colours that the page may repaint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bokeh.plotting import figure

# Of about equal weight on white and on near-black, and told apart by people who see few colours.
PALETTE = {
    "series-1": "#2f7de1",
    "series-2": "#d9730d",
    "series-3": "#0f9d76",
    "series-4": "#9a63e8",
    "series-5": "#d6457f",
    "series-6": "#7a8699",
}
ERROR_PALETTE = {
    "error-1": "#dc3d43",
    "error-2": "#e08a0b",
    "error-3": "#9a63e8",
    "error-4": "#0d93a8",
    "error-5": "#7a8699",
}
_TEXT = "#7a8699"
_GRID = "#7a8699"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def series_colour(place: int) -> str:
    """Return the name of the colour of the series at this place; after the last it begins again."""
    return f"series-{place % len(PALETTE) + 1}"


def error_colour(place: int) -> str:
    """Return the name of the colour of an error class."""
    return f"error-{min(place, len(ERROR_PALETTE) - 1) + 1}"


def paint(name: str) -> str:
    """Return the colour of a name."""
    return {**PALETTE, **ERROR_PALETTE}[name]


def new_figure(
    height: int, x_label: str, y_label: str, *, ticks: int = 5, **options: Any
) -> figure:
    """Make an empty figure as wide as its place, without a toolbar.

    `ticks`: about how many labels the vertical axis has.
    """
    from bokeh.models import DataRange1d
    from bokeh.plotting import figure

    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        x_axis_label=x_label,
        y_axis_label=y_label,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border_right=12,
        min_border_left=56,
        **options,
    )
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = _FONT
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = axis.major_label_text_color = _TEXT
        axis.axis_line_color = axis.major_tick_line_color = None
        axis.minor_tick_line_color = None
        axis.axis_label_standoff = 6
    for grid in plot.xgrid:
        grid.grid_line_color = None
    for grid in plot.ygrid:
        grid.grid_line_color = _GRID
        grid.grid_line_alpha = 0.25
    if isinstance(plot.x_range, DataRange1d):
        plot.x_range.range_padding = 0.02
    _ticks(plot, ticks)
    return plot


def _ticks(plot: figure, vertical: int) -> None:
    from bokeh.models import ContinuousTicker, NumeralTickFormatter

    for axis, wanted in ((plot.xaxis[0], 5), (plot.yaxis[0], vertical)):
        if isinstance(axis.ticker, ContinuousTicker):
            axis.ticker.desired_num_ticks = wanted
            axis.formatter = NumeralTickFormatter(format="0,0.[00]")


def from_zero(plot: figure) -> None:
    """Let the vertical axis begin at 0: a part of a scale makes noise look like news."""
    plot.y_range.update(start=0)


def add_hover(plot: figure, renderers: Sequence[Any], rows: Sequence[tuple[str, str]]) -> None:
    """Show these rows when the pointer is at a point; columns in Bokeh's notation."""
    from bokeh.models import HoverTool

    plot.add_tools(HoverTool(renderers=list(renderers), tooltips=list(rows), mode="mouse"))

"""A chart with everything that a reader who can't see it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM


@dataclass(frozen=True)
class Key:
    """One entry of a chart's legend: `colour` is the name of a CSS variable without `--`."""

    label: str
    colour: str
    form: Literal["line", "dashed", "dot", "box"] = "line"


@dataclass(frozen=True)
class Chart:
    """A Bokeh model to be embedded at the element `id`.

    `summary` says in words what the chart shows; `head` and `rows` are the same data as a table.
    """

    id: str
    title: str
    summary: str
    model: LayoutDOM
    height: int
    legend: Sequence[Key] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    wide: bool = True

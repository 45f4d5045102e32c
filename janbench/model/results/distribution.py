"""Samples of one figure, summed up."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from janbench.model.base import Printable


class Distribution(Printable):
    """Samples of one figure, summed up; a percentile that the source doesn't hold is None.

    `bounds`: what a percentile (or another figure) lies between, where times are known only within
    bounds. `source` is `records` (exact, pooled over all requests) or `k6` (k6's own aggregate).
    """

    count: int
    min: float | None = None
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)
    source: Literal["records", "k6"] = "k6"

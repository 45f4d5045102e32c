"""Distributions of samples in DuckDB: the SQL that asks for one, and the answer read."""

from __future__ import annotations

from typing import Any

from janbench.model.results.distribution import Distribution


def bounds_of(
    low: Distribution | None, high: Distribution | None
) -> dict[str, tuple[float, float]]:
    """Return what each figure lies between; quantiles keep the order of samples that bound them."""
    if low is None or high is None:
        return {}
    found = {}
    for name in ("min", "mean", "p50", "p90", "p95", "p99", "max"):
        least, most = getattr(low, name), getattr(high, name)
        if most > least:
            found[name] = (round(least, 4), round(most, 4))
    return found


def summary_of(column: str) -> str:
    """Return SQL for a struct that `distribution_of` reads."""
    return (
        f"{{'count': count({column}), 'min': min({column}), 'mean': avg({column}), "
        f"'quantiles': quantile_cont({column}, [0.5, 0.9, 0.95, 0.99]), 'max': max({column})}}"
    )


def distribution_of(summary: dict[str, Any]) -> Distribution | None:
    """Return the distribution in a struct of `summary_of`; None without a sample."""
    if not summary["count"]:
        return None
    p50, p90, p95, p99 = summary.pop("quantiles")
    return Distribution(**summary, p50=p50, p90=p90, p95=p95, p99=p99, source="records")

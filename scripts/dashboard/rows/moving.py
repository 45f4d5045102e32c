"""Percentiles of the last moments instead of since the start: native histograms alone hold them."""

from __future__ import annotations

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import SECONDS, Look, Panel, Query, Row, lines

_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_LEGEND = "{{step}} {{testid}}"
_NATIVE = (
    "The percentiles of the last 20 s (four pushes), so that it shows when something became slow. "
    "Only runs with `--native-histograms` fill it."
)


def row() -> Row:
    """Return the row; it is collapsed, since runs without native histograms leave it empty."""
    return Row(
        "Moving percentiles (native histograms only)",
        [
            _moving("Time to first token, now", "llm_ttft_ms", f"{means.TTFT} {_NATIVE}"),
            _moving("End to end, now", "llm_e2e_ms", f"{means.E2E} {_NATIVE}"),
        ],
        collapsed=True,
    )


def _moving(title: str, metric: str, description: str) -> Panel:
    return lines(
        title,
        [
            Query(queries.moving_percentile(metric, quantile), f"{name} {_LEGEND}")
            for name, quantile in _QUANTILES.items()
        ],
        SECONDS,
        description,
        Look(width=12),
    )

"""Builds a scenario's series from its records: DuckDB groups, numpy integrates over time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from janbench.model.metric import HEADLINES
from janbench.model.results.series import (
    Cdf,
    Dots,
    ErrorGroup,
    LatencyLine,
    ScenarioSeries,
    SlowRequest,
)
from janbench.results.records.table import ENDED_AFTER_MS, open_records

if TYPE_CHECKING:
    import duckdb

Floats = npt.NDArray[np.float64]

_BINS_AT_MOST = 120
_BINS_AT_LEAST = 12
_SAMPLES_A_BIN = 8
_NICE_BINS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_DOTS = 900
_SLOWEST = 12
_ERROR_GROUPS = 12
_TALKS = "(coalesce(stream, false) OR output_tokens IS NOT NULL)"
_SHARES = [*(i / 200 for i in range(200)), 0.9975, 0.999, 0.9995, 1.0]
# Gaps between tokens are counted in buckets 1% wide: exact quantiles of tens of millions of gaps
# would take more memory than they are worth.
_BUCKETS_PER_E = 100


def read_series(parquet: Path) -> ScenarioSeries | None:
    """Read a scenario's records; None when there is no file or no row in it.

    Raises ConfigError when the file isn't a table of records.
    """
    if not parquet.is_file():
        return None
    with open_records(parquet) as connection:
        count, talks, first, last = _ask(
            connection,
            f"""SELECT count(*), count_if({_TALKS}), min(time), max(time
                + {ENDED_AFTER_MS} / 1000)
                FROM records""",  # noqa: S608
        )[0]
        if not count:
            return None
        return _Reader(connection, int(count), int(talks), float(first), float(last)).series()


class _Reader:
    """Asks one table; `first` and `last` are Unix times."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        count: int,
        talks: int,
        first: float,
        last: float,
    ) -> None:
        self._connection = connection
        self._count = count
        # Latencies are those of requests to the model; a login's would drown in the same chart.
        self._wanted = f"integrity = 'ok' AND step IS NOT NULL AND {_TALKS if talks else 'true'}"
        self._first = first
        self._duration = max(last - first, 1e-3)
        self._bin = _bin_length(self._duration, talks or count)
        self._bins = max(1, math.ceil(self._duration / self._bin))

    def series(self) -> ScenarioSeries:
        """Collect everything."""
        return ScenarioSeries(
            count=self._count,
            duration_s=self._duration,
            bin_s=self._bin,
            bins=[(i + 0.5) * self._bin for i in range(self._bins)],
            **self._load(),
            errors=self._errors(),
            latency={metric: self._latency(metric) for metric in HEADLINES},
            dots={metric: self._dots(metric) for metric in HEADLINES},
            cdfs={
                **{metric: self._cdf(metric) for metric in HEADLINES},
                "itl_ms": self._gap_cdf(),
            },
            slowest=self._slowest(),
            error_groups=self._error_groups(),
        )

    def _load(self) -> dict[str, list[float]]:
        columns = self._connection.execute(
            """SELECT time - ? AS start,
                 (coalesce(e2e_ms, ttfb_ms, 0) + coalesce(finalize_ms, 0)) / 1000 AS length,
                 CASE WHEN stream THEN coalesce(ttft_ms, 0) / 1000 ELSE 0 END AS silent,
                 coalesce(e2e_ms, 0) / 1000 AS talked,
                 CASE WHEN integrity = 'ok' THEN coalesce(output_tokens, 0) ELSE 0 END AS tokens
               FROM records ORDER BY start""",
            [self._first],
        ).fetchnumpy()
        start, length, silent, talked, tokens = (
            np.asarray(columns[name], dtype=np.float64)
            for name in ("start", "length", "silent", "talked", "tokens")
        )
        edges = np.arange(self._bins + 1, dtype=np.float64) * self._bin
        lengths = np.minimum(edges[1:], self._duration) - edges[:-1]
        started = np.histogram(start, bins=edges)[0]
        ones = np.ones_like(start)
        talking: Floats = np.maximum(talked - silent, 1e-3)
        production: Floats = tokens / talking
        return {
            "requests_per_s": (started / lengths).tolist(),
            "in_flight": (_covered(start, length, ones, edges) / lengths).tolist(),
            "tokens_per_s": (
                _covered(start + silent, talking, production, edges) / lengths
            ).tolist(),
        }

    def _errors(self) -> dict[str, list[int]]:
        rows = self._ask(
            f"""SELECT integrity, {self._bin_sql()} AS bin, count(*) FROM records
                WHERE integrity <> 'ok' GROUP BY 1, 2 ORDER BY 1""",  # noqa: S608
        )
        errors: dict[str, list[int]] = {}
        for kind, place, count in rows:
            errors.setdefault(kind, [0] * self._bins)[place] = count
        return errors

    def _latency(self, metric: str) -> dict[str, LatencyLine]:
        rows = self._ask(
            f"""SELECT step, {self._bin_sql()} AS bin, quantile_cont({metric}, [0.5, 0.95])
                FROM records WHERE {self._wanted} AND {metric} IS NOT NULL
                GROUP BY 1, 2 ORDER BY 1""",  # noqa: S608
        )
        lines: dict[str, tuple[list[float | None], list[float | None]]] = {}
        for step, place, (p50, p95) in rows:
            line = lines.setdefault(step, ([None] * self._bins, [None] * self._bins))
            line[0][place], line[1][place] = p50, p95
        return {step: LatencyLine(*line) for step, line in lines.items()}

    def _dots(self, metric: str) -> dict[str, Dots]:
        # The hash draws evenly and always the same requests: a report is a function of its input.
        rows = self._ask(
            f"""SELECT step, time - ? AS at, {metric} FROM records
                WHERE {self._wanted} AND {metric} IS NOT NULL
                ORDER BY hash(time, step, vu, iteration) LIMIT {_DOTS}""",  # noqa: S608
            [self._first],
        )
        dots: dict[str, tuple[list[float], list[float]]] = {}
        for step, at, value in sorted(rows):
            times, values = dots.setdefault(step, ([], []))
            times.append(round(at, 3))
            values.append(round(value, 3))
        return {step: Dots(*points) for step, points in dots.items()}

    def _cdf(self, metric: str) -> dict[str, Cdf]:
        rows = self._ask(
            f"""SELECT step, count(*), quantile_cont({metric}, {_SHARES}) FROM records
                WHERE {self._wanted} AND {metric} IS NOT NULL
                GROUP BY 1 ORDER BY 1""",  # noqa: S608
        )
        return {step: Cdf(values, _SHARES, count) for step, count, values in rows}

    def _gap_cdf(self) -> dict[str, Cdf]:
        rows = self._ask(
            f"""SELECT step, floor(ln(greatest(gap, 0.001)) * {_BUCKETS_PER_E})::INTEGER AS bucket,
                  count(*)
                FROM (SELECT step, unnest(gaps_ms) AS gap FROM records
                      WHERE integrity = 'ok' AND step IS NOT NULL)
                GROUP BY 1, 2 ORDER BY 1, 2""",  # noqa: S608
        )
        buckets: dict[str, list[tuple[int, int]]] = {}
        for step, bucket, count in rows:
            buckets.setdefault(step, []).append((bucket, count))
        return {step: _bucket_cdf(counted) for step, counted in buckets.items()}

    def _slowest(self) -> list[SlowRequest]:
        rows = self._ask(
            f"""SELECT time - ?, coalesce(step, ''), status, integrity, ttfb_ms, ttft_ms, e2e_ms,
                  finalize_ms, output_tokens, coalesce(request_id, ''), coalesce(trace_id, '')
                FROM records WHERE e2e_ms IS NOT NULL
                ORDER BY e2e_ms + coalesce(finalize_ms, 0) DESC, time
                LIMIT {_SLOWEST}""",  # noqa: S608
            [self._first],
        )
        return [SlowRequest(*row) for row in rows]

    def _error_groups(self) -> list[ErrorGroup]:
        rows = self._ask(
            f"""SELECT integrity, coalesce(step, ''), status, coalesce(detail, ''), count(*),
                  min(time) - ?, coalesce(arg_min(request_id, time), ''),
                  coalesce(arg_min(trace_id, time), '')
                FROM records WHERE integrity <> 'ok' GROUP BY 1, 2, 3, 4
                ORDER BY 5 DESC, 1, 2, 4 LIMIT {_ERROR_GROUPS}""",  # noqa: S608
            [self._first],
        )
        return [ErrorGroup(*row) for row in rows]

    def _bin_sql(self) -> str:
        return (
            f"least({self._bins - 1}, "
            f"greatest(0, floor((time - {self._first!r}) / {self._bin!r})))::INTEGER"
        )

    def _ask(self, query: str, values: list[Any] | None = None) -> list[Any]:
        return _ask(self._connection, query, values)


def _ask(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> list[Any]:
    return connection.execute(query, values or []).fetchall()


def _bin_length(duration_s: float, samples: int) -> float:
    # With fewer samples the bins are longer: a median of one request is no median.
    bins = min(_BINS_AT_MOST, max(_BINS_AT_LEAST, samples // _SAMPLES_A_BIN))
    wanted = duration_s / bins
    fitting = (length for length in _NICE_BINS_S if length >= wanted)
    return float(next(fitting, math.ceil(wanted / 3600) * 3600))


def _covered(start: Floats, length: Floats, weight: Floats, edges: Floats) -> Floats:
    """Return for each bin the weighted time in it that the intervals cover.

    The area left of t is sum(w * max(0, t - start)) - sum(w * max(0, t - end)).
    """
    area = _ramp(start, weight, edges) - _ramp(start + length, weight, edges)
    return np.diff(area)


def _ramp(points: Floats, weight: Floats, at: Floats) -> Floats:
    order = np.argsort(points, kind="stable")
    weights = np.concatenate(([0.0], np.cumsum(weight[order])))
    moments = np.concatenate(([0.0], np.cumsum(weight[order] * points[order])))
    below = np.searchsorted(points[order], at, side="right")
    return np.asarray(at * weights[below] - moments[below], dtype=np.float64)


def _bucket_cdf(counted: list[tuple[int, int]]) -> Cdf:
    total = sum(count for _, count in counted)
    reached = 0
    values, shares = [], []
    for bucket, count in counted:
        reached += count
        values.append(round(math.exp((bucket + 1) / _BUCKETS_PER_E), 4))
        shares.append(reached / total)
    return Cdf(values, shares, total)

"""The samples of one scenario, cut into blocks of time, as the comparison wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from janbench.model.metric import KEY_METRICS, METRICS
from janbench.results.compare.statistics import Floats, Integers, Weights, block_length
from janbench.results.records.table import ENDED_AFTER_MS, open_records

if TYPE_CHECKING:
    import duckdb

# Blocks that a run is cut into, and values that a distribution keeps apart, at most.
_BLOCKS = 512
_GRID = 4096
# Gaps between tokens are counted in buckets 0.2% wide.
_BUCKETS_PER_E = 500

# The autocorrelation of fewer samples is mostly noise.
_ENOUGH_TO_CORRELATE = 100
# Loads ramp up and down for at most a fifth of a run each: rates are those of what lies between.
_PLATEAU = (0.2, 0.8)

_PER_REQUEST = [name for name in KEY_METRICS if METRICS[name].scope == "request"]


@dataclass(frozen=True)
class Sampled:
    """Samples of one metric: `grid` ascends.

    Either `block_of_value` says from which block each grid value is (one sample each), or
    `counts` says how many samples of each block (rows) fall on each grid value (columns).
    """

    count: int
    grid: Floats
    block_of_value: Integers | None = None
    counts: Weights | None = None

    def weights(self, blocks: Weights) -> Weights:
        """Turn weights of blocks, shape (draws, blocks), into weights of the grid's values."""
        if self.block_of_value is not None:
            return blocks[:, self.block_of_value]
        assert self.counts is not None
        return blocks @ self.counts

    def quantile(self, share: float) -> float:
        """Return the quantile of the samples as they are."""
        if self.counts is None:
            return float(np.quantile(self.grid, share))
        reached = np.cumsum(self.counts.sum(axis=0, dtype=np.float64))
        return float(self.grid[np.searchsorted(reached, share * reached[-1])])


@dataclass(frozen=True)
class ScenarioSamples:
    """A scenario's samples; arrays of shape (blocks,) hold each block's sums.

    `plateau` is 1 for the blocks that begin in the middle three fifths of the run, 0 for others.
    `stretch` is the share of the run over which requests resemble each other.
    """

    blocks: int
    stretch: float
    metrics: Mapping[str, Sampled]
    requests: Floats
    failed: Floats
    tokens: Floats
    seconds: Floats
    plateau: Floats


def read_samples(parquet: Path) -> ScenarioSamples | None:
    """Read a scenario's records; None when there is no file or no row in it.

    Latencies are those of good requests to the model, or of all good requests in a scenario that
    doesn't talk to one. Raises ConfigError when the file isn't a table of records.
    """
    if not parquet.is_file():
        return None
    columns = ", ".join(f"{METRICS[name].sql} AS {name}" for name in _PER_REQUEST)
    with open_records(parquet) as connection:
        connection.execute(
            f"""CREATE TEMP TABLE rows AS
               SELECT time, {columns}, integrity = 'ok' AS good,
                 CASE WHEN integrity = 'ok' THEN coalesce(output_tokens, 0) ELSE 0 END AS tokens,
                 coalesce(stream OR output_tokens IS NOT NULL, false) AS talks,
                 {ENDED_AFTER_MS} / 1000 AS length
               FROM records ORDER BY time"""  # noqa: S608
        )
        rows = connection.execute("SELECT * FROM rows ORDER BY time").fetchnumpy()
        if not len(rows["time"]):
            return None
        return _samples(connection, rows)


def _samples(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Any]) -> ScenarioSamples:
    time = np.asarray(rows["time"], dtype=np.float64)
    count = len(time)
    blocks = min(count, _BLOCKS)
    block = np.arange(count) * blocks // count
    good = np.asarray(rows["good"], dtype=bool)
    wanted = good & np.asarray(rows["talks"], dtype=bool)
    if not wanted.any():
        wanted = good
    metrics: dict[str, Sampled] = {}
    stretch = 0.0
    for name in _PER_REQUEST:
        column = np.ma.filled(rows[name].astype(np.float64), np.nan)
        there = wanted & np.isfinite(column)
        if there.any():
            values = column[there]
            metrics[name] = _sampled(values, block[there], blocks)
            if len(values) >= _ENOUGH_TO_CORRELATE:
                stretch = max(stretch, block_length(values) / len(values))
    gaps = _gaps(connection, time, block, blocks)
    if gaps:
        metrics["itl_ms"] = gaps
    end = float((time + np.asarray(rows["length"], dtype=np.float64)).max())
    starts = time[np.searchsorted(block, np.arange(blocks))]
    share = (starts - time[0]) / max(end - time[0], 1e-9)
    return ScenarioSamples(
        blocks=blocks,
        stretch=stretch,
        metrics=metrics,
        requests=np.bincount(block, minlength=blocks).astype(np.float64),
        failed=_sums(block, ~good, blocks),
        tokens=_sums(block, rows["tokens"], blocks),
        seconds=np.maximum(np.diff(np.append(starts, max(end, time[-1]))), 1e-9),
        plateau=((share >= _PLATEAU[0]) & (share < _PLATEAU[1])).astype(np.float64),
    )


def _sums(block: Integers, values: Any, blocks: int) -> Floats:
    weights = np.asarray(values, dtype=np.float64)
    return np.bincount(block, weights=weights, minlength=blocks).astype(np.float64)


def _sampled(values: Floats, block: Integers, blocks: int) -> Sampled:
    order = np.argsort(values, kind="stable")
    if len(values) <= _GRID:
        return Sampled(len(values), values[order], block_of_value=block[order])
    # Bins of equal counts: within one, values differ by less than any quantile's own noise.
    column = np.empty(len(values), dtype=np.intp)
    column[order] = np.arange(len(values)) * _GRID // len(values)
    counts = np.bincount(block * _GRID + column, minlength=blocks * _GRID)
    middles = (np.arange(_GRID) * 2 + 1) * len(values) // (2 * _GRID)
    return Sampled(
        len(values),
        values[order][middles],
        counts=counts.reshape(blocks, _GRID).astype(np.float32),
    )


def _gaps(
    connection: duckdb.DuckDBPyConnection, time: Floats, block: Integers, blocks: int
) -> Sampled | None:
    # The block of a request follows from its time: rows of the same time may share a block.
    edges = time[np.searchsorted(block, np.arange(blocks))].tolist()
    found = connection.execute(
        f"""WITH gaps AS (
              SELECT time, unnest(gaps_ms) AS gap FROM records WHERE integrity = 'ok')
            SELECT time, floor(ln(greatest(gap, 0.001)) * {_BUCKETS_PER_E})::INTEGER AS bucket,
              count(*) AS n
            FROM gaps GROUP BY 1, 2"""  # noqa: S608
        if len(time) <= _GRID * 8
        else f"""WITH edges AS (SELECT unnest(?::DOUBLE[]) AS edge),
            gaps AS (SELECT time, unnest(gaps_ms) AS gap FROM records WHERE integrity = 'ok'),
            placed AS (SELECT edge, gap FROM gaps ASOF JOIN edges ON gaps.time >= edges.edge)
            SELECT edge AS time,
              floor(ln(greatest(gap, 0.001)) * {_BUCKETS_PER_E})::INTEGER AS bucket, count(*) AS n
            FROM placed GROUP BY 1, 2""",  # noqa: S608
        [] if len(time) <= _GRID * 8 else [edges],
    ).fetchnumpy()
    if not len(found["bucket"]):
        return None
    places = np.searchsorted(edges, found["time"], side="right") - 1
    buckets, column = np.unique(np.asarray(found["bucket"]), return_inverse=True)
    counts = np.bincount(
        places * len(buckets) + column, weights=found["n"], minlength=blocks * len(buckets)
    )
    return Sampled(
        int(np.sum(found["n"])),
        np.exp((buckets + 0.5) / _BUCKETS_PER_E),
        counts=counts.reshape(blocks, len(buckets)).astype(np.float32),
    )

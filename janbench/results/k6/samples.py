"""Every sample of the Trends of several k6 processes, from the CSV that each wrote (`--out csv`).

Percentiles of several processes can't be computed from the percentiles of each; from the samples
they can, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from janbench.model.text.sql import quoted

if TYPE_CHECKING:
    import duckdb

FILE = "samples.csv.gz"

# Tags that k6 gives a column of their own; all others stand in `extra_tags`, as `a=b&c=d`.
_COLUMNS = ("check", "error", "error_code", "expected_response", "group", "method", "name", "proto",
            "scenario", "service", "status", "subproto", "tls_version", "url")  # fmt: skip
_SUBMETRIC = re.compile(r"^(?P<metric>[^{]+)\{(?P<tags>.*)\}$")
_PERCENTILE = re.compile(r"^p\((\d+(?:\.\d+)?)\)$")


class K6Samples:
    """The samples of some metrics, opened for questions."""

    def __init__(self, files: Sequence[Path], metrics: Iterable[str]) -> None:
        """Read the files; raises `duckdb.Error` when one of them is broken."""
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()
        listed = ", ".join(quoted(path) for path in files)
        wanted = sorted({_parts(name)[0] for name in metrics})
        self._connection.execute(
            f"""CREATE TABLE samples AS SELECT * REPLACE (metric_value::DOUBLE AS metric_value)
                FROM read_csv([{listed}], header=true, all_varchar=true, union_by_name=true)
                WHERE list_contains(?, metric_name)""",  # noqa: S608
            [wanted],
        )
        described = self._connection.execute("DESCRIBE samples").fetchall()
        self._columns = {str(row[0]) for row in described} & set(_COLUMNS)

    def close(self) -> None:
        """Let go of the table."""
        self._connection.close()

    def statistics(self, metric: str, names: Iterable[str]) -> dict[str, float]:
        """Return statistics of a Trend under k6's names, such as `avg`, `p(95)`, `count`.

        `metric` may be a sub-metric, `http_req_duration{step:chat}`. A percentile lies between the
        two samples next to it, as k6 computes it. Empty when there is no sample.
        """
        known = {name: query for name in names if (query := _aggregate(name))}
        name, tags = _parts(metric)
        filters, values = self._filters(tags)
        row = self._connection.execute(
            f"SELECT count(*), {', '.join(known.values())} FROM samples "  # noqa: S608
            f"WHERE {' AND '.join(['metric_name = ?', *filters])}",
            [name, *values],
        ).fetchone()
        assert row is not None
        return dict(zip(known, map(float, row[1:]), strict=True)) if row[0] else {}

    def _filters(self, tags: Mapping[str, str]) -> tuple[list[str], list[str]]:
        filters, values = [], []
        for tag, value in tags.items():
            if tag in self._columns:
                filters.append(f"coalesce(\"{tag}\", '') = ?")
                values.append(value)
            else:
                filters.append("contains('&' || coalesce(extra_tags, '') || '&', ?)")
                values.append(f"&{tag}={value}&")
        return filters, values


def _aggregate(statistic: str) -> str | None:
    plain = {"avg": "avg", "min": "min", "med": "median", "max": "max", "count": "count"}
    if statistic in plain:
        return f"{plain[statistic]}(metric_value)"
    percentile = _PERCENTILE.match(statistic)
    return f"quantile_cont(metric_value, {float(percentile[1]) / 100!r})" if percentile else None


def _parts(metric: str) -> tuple[str, dict[str, str]]:
    """Split `metric{tag:value,...}`."""
    match = _SUBMETRIC.match(metric)
    if match is None:
        return metric, {}
    pairs = (pair.partition(":") for pair in match["tags"].split(",") if pair)
    return match["metric"], {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}

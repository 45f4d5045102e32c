from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from janbench.errors import ConfigError
from janbench.model.results.record import Record
from janbench.results.records.series import read_series
from tests.factories import STARTED, records, write_records


def row(at: float, length_s: float, **changes: object) -> Record:
    base: Record = {
        "time": STARTED + at, "step": "chat", "integrity": "ok", "stream": True, "status": 200,
        "ttft_ms": 0.0, "e2e_ms": length_s * 1000, "output_tokens": 10,
    }  # fmt: skip
    return {**base, **changes}  # type: ignore[typeddict-item]


def test_load_is_integrated_over_the_bins(tmp_path: Path) -> None:
    # 0..2 s and 1..3 s, one bin a second of a run that is 12 s long.
    rows = [row(0, 2), row(1, 2), row(11, 1)]
    series = read_series(write_records(rows, tmp_path))
    assert series is not None
    assert series.bin_s == 1
    assert series.in_flight[:4] == pytest.approx([1, 2, 1, 0], abs=1e-6)
    assert series.requests_per_s[:3] == [1, 1, 0]
    assert series.tokens_per_s[:4] == pytest.approx([5, 10, 5, 0], abs=1e-3)


def test_quantiles_are_those_of_the_records(tmp_path: Path) -> None:
    rows = [row(i / 10, 0.1, ttft_ms=float(i)) for i in range(101)]
    series = read_series(write_records(rows, tmp_path))
    assert series is not None
    cdf = series.cdfs["ttft_ms"]["chat"]
    assert cdf.count == 101
    assert [cdf.quantile(q) for q in (0.0, 0.5, 0.95, 1.0)] == [0, 50, 95, 100]


def test_gaps_keep_their_quantiles_within_a_percent(tmp_path: Path) -> None:
    rows = [row(i, 0.1, gaps_ms=[float(g) for g in range(1, 101)]) for i in range(20)]
    series = read_series(write_records(rows, tmp_path))
    assert series is not None
    cdf = series.cdfs["itl_ms"]["chat"]
    assert cdf.count == 2000
    assert cdf.quantile(0.5) == pytest.approx(50, rel=0.011)
    assert cdf.quantile(0.99) == pytest.approx(99, rel=0.011)


def test_failures_are_counted_and_kept_out_of_the_latencies(tmp_path: Path) -> None:
    rows = [row(i, 0.1, ttft_ms=5.0) for i in range(10)]
    rows += [row(4.5, 9, integrity="truncated", detail="cut", request_id="r1", ttft_ms=999.0)]
    series = read_series(write_records(rows, tmp_path))
    assert series is not None
    assert sum(series.errors["truncated"]) == 1
    assert max(series.cdfs["ttft_ms"]["chat"].values) == 5
    assert [(g.integrity, g.detail, g.count) for g in series.error_groups] == [
        ("truncated", "cut", 1)
    ]
    assert series.slowest[0].e2e_ms == 9000


def test_latencies_are_those_of_requests_to_the_model(tmp_path: Path) -> None:
    series = read_series(write_records(records(300), tmp_path))
    assert series is not None
    assert set(series.latency["e2e_ms"]) == {"chat", "chat_stream"}


def test_a_journey_without_a_model_shows_what_it_has(tmp_path: Path) -> None:
    login: Record = {"time": STARTED, "step": "guest_login", "integrity": "ok", "e2e_ms": 4.0}
    series = read_series(write_records([login], tmp_path))
    assert series is not None
    assert set(series.latency["e2e_ms"]) == {"guest_login"}
    assert not any(series.tokens_per_s)


def test_the_same_records_give_the_same_series(tmp_path: Path) -> None:
    parquet = write_records(records(3000, errors=0.05), tmp_path)
    assert read_series(parquet) == read_series(parquet)


def test_no_records_no_series(tmp_path: Path) -> None:
    assert read_series(tmp_path / "requests.parquet") is None


def test_records_of_an_older_version_lack_columns(tmp_path: Path) -> None:
    parquet = tmp_path / "old.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 1.0::DOUBLE AS time, 'ok' AS integrity, 'a' AS step, 7.0 AS e2e_ms) "
            f"TO '{parquet}' (FORMAT parquet)"
        )
    series = read_series(parquet)
    assert series is not None
    assert series.cdfs["e2e_ms"]["a"].quantile(0.5) == 7


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    parquet = tmp_path / "requests.parquet"
    parquet.write_text("nothing")
    with pytest.raises(ConfigError, match="records can't be read"):
        read_series(parquet)

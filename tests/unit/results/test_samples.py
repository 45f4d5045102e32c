from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from janbench.results.compare.samples import read_samples
from tests.factories import records, write_records


def test_figures_are_those_of_the_records(tmp_path: Path) -> None:
    rows = records(900, seed=4, errors=0.1)
    samples = read_samples(write_records(rows, tmp_path))
    assert samples is not None
    good = [row for row in rows if row["integrity"] == "ok"]
    ttft = [row["ttft_ms"] for row in good if "ttft_ms" in row]
    gaps = [gap for row in good for gap in row.get("gaps_ms", [])]
    e2e = [row["e2e_ms"] for row in good if "output_tokens" in row]
    assert samples.metrics["ttft_ms"].quantile(0.95) == pytest.approx(np.quantile(ttft, 0.95))
    assert samples.metrics["e2e_ms"].quantile(0.5) == pytest.approx(np.quantile(e2e, 0.5))
    assert samples.metrics["itl_ms"].count == len(gaps)
    assert samples.metrics["itl_ms"].quantile(0.5) == pytest.approx(np.median(gaps), rel=0.003)
    assert samples.requests.sum() == 900
    assert samples.failed.sum() == 900 - len(good)
    assert samples.tokens.sum() == sum(row.get("output_tokens", 0) for row in good)


def test_many_samples_are_binned_without_a_shift(tmp_path: Path) -> None:
    rows = records(40_000, seed=5, tokens=3, duration_s=400)
    samples = read_samples(write_records(rows, tmp_path))
    assert samples is not None
    assert samples.blocks == 512
    ttft = samples.metrics["ttft_ms"]
    assert ttft.counts is not None
    values = [row["ttft_ms"] for row in rows if "ttft_ms" in row]
    for share in (0.05, 0.5, 0.95):
        assert ttft.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.002)
    gaps = [gap for row in rows for gap in row.get("gaps_ms", [])]
    assert samples.metrics["itl_ms"].count == len(gaps)
    assert samples.metrics["itl_ms"].quantile(0.5) == pytest.approx(np.median(gaps), rel=0.003)


def test_no_records(tmp_path: Path) -> None:
    assert read_samples(tmp_path / "requests.parquet") is None

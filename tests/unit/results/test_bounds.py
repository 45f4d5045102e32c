"""Times that are known only within bounds, from the records into a scenario's figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench.model.results.record import Record
from janbench.results.records.reader import Records
from tests.factories import write_records

ROW: Record = {
    "time": 1_795_000_000.0, "start_ns": 1, "step": "chat", "lane": "stream", "status": 200,
    "origin": "target", "integrity": "ok", "stream": True, "ttft_ms": 100.0, "e2e_ms": 130.0,
    "ttft_visible_ms": 100.0, "tpot_ms": 15.0, "gaps_ms": [10.0, 20.0], "output_tokens": 3,
    "content_events": 3,
}  # fmt: skip
WHOLE: Record = {**ROW, "stream": False, "e2e_ms": 50.0}
for _name in ("ttft_ms", "ttft_visible_ms", "tpot_ms", "gaps_ms", "content_events"):
    WHOLE.pop(_name)  # type: ignore[misc]


def records(rows: list[Record], folder: Path) -> Records:
    return Records(write_records(rows, folder))


def test_exact_times_have_no_bounds(tmp_path: Path) -> None:
    found = records([ROW, WHOLE], tmp_path)
    assert not found.bounded
    for metric in ("ttft_ms", "itl_ms", "tpot_ms", "e2e_ms"):
        distribution = found.distribution(metric, ["chat"])
        assert distribution is not None
        assert not distribution.bounds


def test_events_that_were_read_with_later_ones(tmp_path: Path) -> None:
    row: Record = {**ROW, "widths_ms": [4.0, 0.0, 6.0], "sent_together": 1}
    found = records([row, WHOLE], tmp_path)
    assert (found.read_together, found.events()) == (2, (3, 1))
    wanted = {
        "ttft_ms": (96.0, 100.0), "tpot_ms": (12.0, 17.0), "ttft_visible_ms": (94.0, 100.0),
    }  # fmt: skip
    for metric, bounds in wanted.items():
        distribution = found.distribution(metric, ["chat"])
        assert distribution is not None
        assert distribution.count == 1  # what streams nothing has none
        assert distribution.bounds["p50"] == bounds
    itl = found.distribution("itl_ms", ["chat"])
    assert itl is not None
    assert itl.bounds["min"] == (10.0, 14.0)
    assert itl.bounds["max"] == (14.0, 20.0)
    e2e = found.distribution("e2e_ms", ["chat"])
    assert e2e is not None
    assert e2e.bounds["max"] == (124.0, 130.0)


@pytest.mark.parametrize(("limit", "form", "good"), [(97, "sql_low", 1), (97, "sql_high", 0)])
def test_goodput_within_bounds(tmp_path: Path, limit: float, form: str, good: int) -> None:
    found = records([{**ROW, "start_width_ms": 4.0}], tmp_path)
    assert found.bounded
    assert found.within(["chat"], [("ttft_ms", limit)], form) == (good, 1)

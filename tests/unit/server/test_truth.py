"""The table of ground truth."""

from __future__ import annotations

import pytest

from janbench.server import truth as truth_module
from janbench.server.truth import Truth, TruthRow


def row(index: int, tokens: int = 0) -> TruthRow:
    made = TruthRow(index, "GET", "/", f"id{index}", "", 1, 2.0, {"lane": "stream", "x": "y"})
    made.token_ns.extend(range(tokens))
    return made


def filled(limit: int, count: int) -> Truth:
    truth = Truth(limit)
    for index in range(count):
        truth.open(row(index))
    return truth


def test_a_page_says_what_was_dropped() -> None:
    page = filled(3, 5).page(0)
    assert [each["index"] for each in page["rows"]] == [2, 3, 4]
    assert (page["dropped"], page["total"], page["next"]) == (2, 3, None)


@pytest.mark.parametrize(("since", "indexes"), [(0, [0, 1, 2]), (2, [2]), (3, []), (99, [])])
def test_since_skips_older_rows(since: int, indexes: list[int]) -> None:
    assert [each["index"] for each in filled(10, 3).page(since)["rows"]] == indexes


def test_pages_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "PAGE", 2)
    truth = filled(10, 5)
    seen: list[int] = []
    since: int | None = 0
    while since is not None:
        page = truth.page(since)
        seen += [each["index"] for each in page["rows"]]
        since = page["next"]
    assert seen == [0, 1, 2, 3, 4]


def test_many_timestamps_drop_rows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "TIMESTAMP_LIMIT", 100)
    truth = Truth(1000)
    for index in range(5):
        made = row(index, tokens=40)
        truth.open(made)
        made.end_ns = 1
        truth.close(made)
    page = truth.page(0)
    assert [each["index"] for each in page["rows"]] == [3, 4]
    assert page["dropped"] == 3


def test_a_row_dropped_while_it_runs_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "TIMESTAMP_LIMIT", 100)
    truth = Truth(1)
    old = row(0, tokens=90)
    truth.open(old)
    young = row(1, tokens=90)
    truth.open(young)
    for each in (old, young):
        each.end_ns = 1
        truth.close(each)
    assert [each["index"] for each in truth.page(0)["rows"]] == [1]


def test_clearing_keeps_counting() -> None:
    truth = filled(10, 3)
    truth.clear()
    assert truth.page(0)["rows"] == []
    assert truth.next_index == 3
    truth.open(row(3))
    assert [each["index"] for each in truth.page(0)["rows"]] == [3]


def test_what_has_not_happened_is_null() -> None:
    shown = row(0).to_json()
    assert shown["headers_sent_ns"] is None
    assert shown["end_ns"] is None
    assert shown["fault"] is None
    assert (shown["lane"], shown["step"]) == ("stream", None)
    assert shown["context"] == {"lane": "stream", "x": "y"}

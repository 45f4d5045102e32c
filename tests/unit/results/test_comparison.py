from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from janbench.errors import ConfigError
from janbench.model.results.comparison import Comparison, Effect
from janbench.model.results.result import Reason, Verdict
from janbench.reports.compare_markdown import compare_markdown
from janbench.reports.compare_terminal import print_comparison
from janbench.results.compare.comparison import Side
from janbench.results.compare.comparison import compare as compare_sides
from janbench.results.compare.decide import not_worse
from janbench.results.compare.options import DEFAULT_MARGINS, CompareOptions, figure_names
from janbench.results.compare.samples import read_samples
from tests.factories import SCENARIO, records, run_result, scenario_result, write_records


def side(folder: Path, verdict: Verdict = "pass", count: int = 1500, **changes: Any) -> Side:
    samples = read_samples(write_records(records(count, **changes), folder))
    assert samples is not None
    return Side(run_result(verdict=verdict), {SCENARIO: samples})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return side(tmp_path_factory.mktemp("base"), seed=1)


def compare(base: Side, head: Side, options: CompareOptions | None = None) -> Comparison:
    """Compare with fewer draws than a user gets: enough for what is tested here."""
    return compare_sides(base, head, replace(options or CompareOptions(), draws=500))


def effect(comparison: Comparison, name: str) -> Effect:
    return next(e for e in comparison.scenarios[0].effects if e.name == name)


def test_a_run_is_the_same_as_itself(base: Side) -> None:
    found = compare(base, base)
    assert found.verdict != "worse"
    for row in found.scenarios[0].effects:
        assert row.change == 0
        assert row.verdict in ("same", "inconclusive")
        assert row.low is not None and row.high is not None
        assert row.low <= 0 <= row.high


def test_a_slower_first_token_is_found(base: Side, tmp_path: Path) -> None:
    found = compare(base, side(tmp_path, seed=2, ttft_ms=240))
    assert (found.verdict, found.exit_code) == ("worse", 5)
    slower = effect(found, "ttft_ms.p50")
    assert slower.verdict == "worse"
    assert slower.low is not None and slower.high is not None
    assert slower.change is not None
    assert 0.1 < slower.low < slower.change < slower.high < 0.35
    assert effect(found, "itl_ms.p50").verdict == "same"


def test_a_faster_one_is_better(base: Side, tmp_path: Path) -> None:
    found = compare(base, side(tmp_path, seed=2, ttft_ms=120, itl_ms=12, count=3000))
    assert effect(found, "ttft_ms.p50").verdict == "better"
    assert effect(found, "itl_ms.p95").verdict == "better"
    assert (found.verdict, found.exit_code) == ("better", 0)


def test_more_errors_are_worse_in_points(base: Side, tmp_path: Path) -> None:
    found = compare(base, side(tmp_path, seed=3, errors=0.06))
    errors = effect(found, "error_rate")
    assert errors.change_kind == "absolute"
    assert errors.base == 0
    assert errors.change == pytest.approx(0.06, abs=0.02)
    assert errors.verdict == "worse"


def test_few_samples_decide_nothing_and_say_how_many_are_missing(tmp_path: Path) -> None:
    few = side(tmp_path / "base", seed=1, count=60)
    found = compare(few, side(tmp_path / "head", seed=2, count=60))
    assert (found.verdict, found.exit_code) == ("inconclusive", 6)
    row = effect(found, "ttft_ms.p95")
    assert row.verdict == "inconclusive"
    assert row.more_samples == 80
    assert "at least 100" in row.note


def test_a_wider_margin_forgives(base: Side, tmp_path: Path) -> None:
    head = side(tmp_path, seed=2, ttft_ms=240)
    margins = {**DEFAULT_MARGINS, **dict.fromkeys(DEFAULT_MARGINS, 0.9)}
    found = compare(base, head, CompareOptions(margins=margins))
    assert (found.verdict, found.exit_code) == ("same", 0)


def test_a_tail_moved_by_less_than_the_proxys_lag_does_not_count(
    base: Side, tmp_path: Path
) -> None:
    head = side(tmp_path, seed=2, itl_ms=26)
    assert effect(compare(base, head), "itl_ms.p95").verdict == "worse"
    late = scenario_result(validity={"proxy_lag_p99_ms": 12.0})
    found = compare(base, Side(run_result(late), head.samples))
    tail = effect(found, "itl_ms.p95")
    assert (tail.verdict, tail.more_samples) == ("inconclusive", None)
    assert "own lag" in tail.note
    assert effect(found, "itl_ms.p50").verdict == "worse"


def test_only_what_gates_decides(base: Side, tmp_path: Path) -> None:
    head = side(tmp_path, seed=2, ttft_ms=240)
    found = compare(base, head, CompareOptions(gates=frozenset({"itl_ms.p50"})))
    assert effect(found, "ttft_ms.p50").verdict == "worse"
    assert (found.verdict, found.exit_code) == ("same", 0)


@pytest.mark.parametrize("verdict", ["invalid", "error"])
def test_an_untrusted_run_decides_nothing(base: Side, tmp_path: Path, verdict: Verdict) -> None:
    head = side(tmp_path, verdict, seed=2, ttft_ms=240)
    found = compare(base, head)
    assert (found.verdict, found.exit_code) == ("inconclusive", 6)
    assert "HEAD" in found.warnings[0]
    assert compare(base, head, CompareOptions(allow_invalid=True)).verdict == "worse"


def test_without_records_figures_are_shown_but_not_judged() -> None:
    bare = Side(run_result(), {})
    found = compare(bare, bare)
    assert found.exit_code == 6
    row = effect(found, "ttft_ms.p50")
    assert (row.base, row.low) == (212.4, None)
    assert "no records" in row.note


def test_a_metric_that_only_one_run_has(base: Side, tmp_path: Path) -> None:
    rows = [row for row in records(600, seed=2) if row["step"] != "chat_stream"]
    samples = read_samples(write_records(rows, tmp_path))
    assert samples is not None
    found = compare(base, Side(run_result(), {SCENARIO: samples}))
    row = effect(found, "ttft_ms.p50")
    assert (row.head, row.verdict, row.note) == (None, "inconclusive", "HEAD has no sample")
    assert found.exit_code == 6


def test_differences_of_the_load_are_pointed_out(base: Side) -> None:
    other = scenario_result(lanes=[], steps={})
    found = compare(base, Side(run_result(other), base.samples))
    assert any("load differs" in warning for warning in found.scenarios[0].warnings)
    assert any("steps differ" in warning for warning in found.scenarios[0].warnings)


def test_runs_without_a_common_scenario_are_refused(base: Side) -> None:
    with pytest.raises(ConfigError, match="no scenario in common"):
        compare(base, Side(run_result(scenario_result("other")), {}))


def test_the_same_runs_give_the_same_answer(base: Side, tmp_path: Path) -> None:
    head = side(tmp_path, seed=2)
    assert compare(base, head) == compare(base, head)


def test_names_on_the_command_line() -> None:
    assert figure_names("ttft_ms") == ["ttft_ms.p50", "ttft_ms.p95"]
    assert figure_names("error_rate") == ["error_rate"]
    with pytest.raises(ConfigError, match="unknown figure 'ttft'"):
        figure_names("ttft")


def test_not_worse_looks_at_the_bad_side_only(base: Side) -> None:
    row = effect(compare(base, base), "ttft_ms.p50")
    wide_to_the_good = row.model_copy(update={"low": -0.5, "high": 0.01})
    wide_to_the_bad = row.model_copy(update={"low": -0.01, "high": 0.5})
    assert not_worse(wide_to_the_good)
    assert not not_worse(wide_to_the_bad)
    assert not not_worse(row.model_copy(update={"low": None}))


def test_doubts_that_a_run_was_allowed_hold_the_verdict(base: Side, tmp_path: Path) -> None:
    """`run --allow-invalid` makes a pass of it; that says nothing about a comparison."""
    slower = side(tmp_path, seed=2, ttft_ms=240)
    message = "The timing proxy came 26.2 ms late to its work (p99; limit 5 ms)."
    doubted = scenario_result(reasons=[Reason(kind="proxy_lag", message=message)])
    head = replace(slower, run=run_result(doubted))
    found = compare(base, head)
    assert (found.verdict, found.exit_code) == ("inconclusive", 6)
    assert (found.base.verdict, found.head.verdict) == ("pass", "invalid")
    asked = compare(base, head, CompareOptions(allow_invalid=True))
    assert asked.verdict == "worse"
    for comparison in (found, asked):
        out = io.StringIO()
        print_comparison(comparison, Console(file=out, width=200))
        shown = (out.getvalue(), compare_markdown(comparison))
        assert all("26.2 ms late to its work" in text for text in shown)

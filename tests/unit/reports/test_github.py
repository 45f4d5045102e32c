from __future__ import annotations

from pathlib import Path

from janbench.model.results.result import Reason
from janbench.reports.github import append_step_summary, workflow_commands
from tests.factories import run_result, scenario_result
from tests.unit.reports.golden_cases import broken


def test_a_pass_says_nothing() -> None:
    assert workflow_commands(run_result()) == ""


def test_reasons_become_commands_that_nothing_can_break_out_of() -> None:
    reasons = [
        Reason(kind="check", message="50% failed\r\n::error::forged"),
        Reason(kind="warning", message="only a warning"),
    ]
    scenario = scenario_result("a,b:c", verdict="fail", reasons=reasons)
    text = workflow_commands(run_result(scenario, verdict="fail"))
    assert text == "::error title=a%2Cb%3Ac%3A fail::50%25 failed%0A: :error::forged\n"


def test_a_run_without_scenarios_says_why() -> None:
    assert "connection refused" in workflow_commands(broken())


def test_at_most_ten_are_written() -> None:
    reasons = [Reason(kind="check", message=str(i)) for i in range(30)]
    run = run_result(scenario_result(verdict="invalid", reasons=reasons), verdict="invalid")
    lines = workflow_commands(run).splitlines()
    assert len(lines) == 10
    assert all(line.startswith("::warning ") for line in lines)


def test_summary_is_appended_until_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    assert append_step_summary("one", path)
    assert append_step_summary("two", path)
    assert path.read_text() == "one\ntwo\n"
    assert not append_step_summary("x" * 1024 * 1024, path)
    assert path.read_text() == "one\ntwo\n"

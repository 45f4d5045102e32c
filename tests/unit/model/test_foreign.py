"""Text of others in terminals, CI logs and reports."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from janbench.engines.k6.log import K6Log
from janbench.model.results.result import CheckResult, Reason, RunResult, StepResult
from janbench.model.text.foreign import one_line, plain_text
from janbench.reports.github import workflow_commands
from janbench.reports.html import write_html
from janbench.reports.junit import junit
from janbench.reports.markdown import markdown
from janbench.reports.terminal.console import print_run
from janbench.reports.terminal.live import ConsoleListener
from tests import factories

HOSTILE = (
    "\x1b]0;owned\x07\x1b[31mred [red]markup[/red] [bold\x9b31m \u202egnp.exe \u2066x\r"
    "\n::error title=x::owned\n::add-mask::a\n##[error]owned ##vso[task.x]\n"
    "<script>alert(1)</script> ![x](http://evil.test/a.png) | `code` @someone \ud800 \x00"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _harmless(text: str) -> None:
    assert not _CONTROL.search(text)
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "##[" not in text and "##vso[" not in text


@pytest.mark.parametrize("text", [HOSTILE, "a" * 70 + " ::set-output name=a::b", " ::debug::x"])
def test_nothing_commands_a_terminal_or_ci(text: str) -> None:
    _harmless(plain_text(text))
    assert "::set-output" not in plain_text(text)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    "text", ["std::vector", "http://[fe80::1]:80/", "é ✓ 日本 👩‍💻", "a\tb\nc"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert plain_text(text) == text


def _hostile_run() -> RunResult:
    run = factories.run_result(factories.scenario_result())
    scenario = run.scenarios[0].model_copy(
        update={
            "verdict": "fail",
            "reasons": [Reason(kind="check", message=HOSTILE)],
            "checks": [CheckResult(name=HOSTILE, passes=1, fails=1)],
            "steps": {"s": StepResult(title=HOSTILE, count=1)},
        }
    )
    target = {**run.target.model_dump(), "model": HOSTILE}
    data = run.model_copy(update={"verdict": "error", "scenarios": [scenario]}).model_dump(
        by_alias=True
    )
    data["reasons"] = [{"kind": "target", "message": HOSTILE}]
    return RunResult.model_validate({**data, "target": target})


def test_every_output_is_harmless(tmp_path: Path) -> None:
    run = _hostile_run()
    page = io.StringIO()
    write_html(run, {}, page)
    terminal = Console(file=io.StringIO(), width=80, force_terminal=False)
    print_run(run, tmp_path, terminal)
    listener = ConsoleListener(terminal, verbose=True)
    listener.notice(HOSTILE)
    screen = terminal.file
    assert isinstance(screen, io.StringIO)
    for text in (markdown(run), junit(run), page.getvalue(), run.to_json(), screen.getvalue()):
        _harmless(text)
        assert "owned" in text
    assert "[red]markup[/red]" in screen.getvalue()
    for text in (page.getvalue(), junit(run), markdown(run)):
        assert "<script>alert" not in text
    assert "![x](" not in markdown(run) and "@someone" not in markdown(run)
    for line in workflow_commands(run).splitlines():
        assert line.startswith("::error title=") and line.count("\x1b") == 0


def test_k6_log_is_harmless(tmp_path: Path) -> None:
    lines: list[str] = []
    with K6Log(tmp_path / "k6.log", (), lines.append) as log:
        log.take('{"level":"error","source":"console","msg":"a\\n::error::x\\u001b[31m"}')
        log.take("::error::raw \x1b[31m")
    for text in ((tmp_path / "k6.log").read_text(), *lines, *log.errors):
        _harmless(text)

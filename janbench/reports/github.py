"""What GitHub Actions shows of a run: the step summary and workflow annotations."""

from __future__ import annotations

from pathlib import Path

from janbench.model.results.result import RunResult, Verdict

# GitHub drops a step's summary whole when it is larger.
_SUMMARY_LIMIT = 1024 * 1024
_LEVELS: dict[Verdict, str] = {
    "pass": "notice",
    "fail": "error",
    "invalid": "warning",
    "error": "error",
    "interrupted": "warning",
}
# GitHub shows ten annotations of a level for each step.
_ANNOTATIONS = 10


def append_step_summary(text: str, path: Path) -> bool:
    """Append Markdown to the file that `GITHUB_STEP_SUMMARY` names; False when it has no room.

    Raises OSError when the file can't be written.
    """
    taken = path.stat().st_size if path.exists() else 0
    if taken + len(text.encode()) + 1 > _SUMMARY_LIMIT:
        return False
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    return True


def workflow_commands(run: RunResult) -> str:
    """Return workflow commands, one a line, that show why scenarios didn't pass, if any."""
    found = []
    for scenario in run.scenarios:
        if scenario.verdict == "pass":
            continue
        level = _LEVELS[scenario.verdict]
        title = f"{scenario.name}: {scenario.verdict}"
        reasons = [reason.message for reason in scenario.reasons if reason.kind != "warning"]
        found += [_command(level, title, message) for message in reasons or [title]]
    if not run.scenarios and run.verdict != "pass":
        found = [
            _command(_LEVELS[run.verdict], f"janbench: {run.verdict}", reason.message)
            for reason in run.reasons
        ]
    return "".join(line + "\n" for line in found[:_ANNOTATIONS])


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

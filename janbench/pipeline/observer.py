"""What a run reports while it goes on; whoever shows it implements this."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from janbench.model.job import Progress
from janbench.model.load.plan import Plan
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.result import EngineInfo, RunResult, ScenarioResult


class Observer(Protocol):
    """Follows each stage of a run, in order."""

    def run_started(self, run_id: str, folder: Path, engine: EngineInfo, cases: int) -> None:
        """The folder is there and the engine found."""

    def notice(self, message: str) -> None:
        """Something that the user should know, but that stops nothing."""

    def case_started(self, info: CaseInfo, plan: Plan | None) -> None:
        """A test case begins; `plan` is None for a hand-written script."""

    def progress(self, progress: Progress) -> None:
        """A glance at the running case, about once a second."""

    def line(self, text: str) -> None:
        """A line of k6's log."""

    def case_finished(self, result: ScenarioResult) -> None:
        """A test case has its result."""

    def run_finished(self, result: RunResult, folder: Path) -> None:
        """Everything is written."""

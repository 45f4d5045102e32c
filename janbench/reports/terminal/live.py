"""A run while it goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from janbench.model.duration import format_duration
from janbench.model.job import Progress
from janbench.model.load.plan import Plan
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.result import EngineInfo, RunResult, ScenarioResult
from janbench.model.text.foreign import plain_text
from janbench.reports import figures
from janbench.reports.terminal.console import milliseconds, print_run, verdict_text
from janbench.reports.terminal.course import offered_rate, phase_of

_PLAIN_EVERY_S = 10.0


class ConsoleListener:
    """Shows a run on a console; `verbose` shows every line of k6's log, `quiet` only the result."""

    def __init__(self, console: Console, *, quiet: bool = False, verbose: bool = False) -> None:
        self.console = console
        self.quiet = quiet
        self.verbose = verbose
        self._live: Live | None = None
        self._subject: CaseInfo | None = None
        self._plan: Plan | None = None
        self._cases = 0
        self._number = 0
        self._said = 0.0

    def run_started(self, run_id: str, folder: Path, engine: EngineInfo, cases: int) -> None:
        del folder  # shown at the end
        self._cases = cases
        count = figures.counted(cases, "test case")
        self._tell(f"Run {run_id}: {count} ({escape(engine.description)})")

    def notice(self, message: str) -> None:
        self._tell(f"[yellow]Note:[/yellow] {escape(plain_text(message))}")

    def case_started(self, info: CaseInfo, plan: Plan | None) -> None:
        self._subject, self._plan = info, plan
        self._number += 1
        self._said = time.monotonic()
        self._tell(
            f"[{self._number}/{self._cases}] [bold]{escape(plain_text(info.name))}[/bold]: "
            f"{escape(_intent(info, plan))}"
        )
        if self.console.is_terminal and not self.quiet and info.mode != "single":
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.start()

    def progress(self, progress: Progress) -> None:
        if self._live is not None:
            self._live.update(self._line(progress))
        elif not self.quiet and time.monotonic() - self._said >= _PLAIN_EVERY_S:
            self._said = time.monotonic()
            course = course_text(progress, self._plan)
            self.console.print(
                f"  {course}; {_facts(progress)}", markup=False, highlight=False, soft_wrap=True
            )

    def line(self, text: str) -> None:
        if self.quiet or self._subject is None:
            return
        if self.verbose or (self._subject.mode == "single" and text.startswith(("[", "   "))):
            self.console.print(Text(f"  {text}"), soft_wrap=True)

    def case_finished(self, result: ScenarioResult) -> None:
        self._stop_live()
        if not self.quiet:
            self.console.print(verdict_text(result.verdict), Text(result.name))

    def run_finished(self, result: RunResult, folder: Path) -> None:
        self._stop_live()
        if not self.quiet:
            self.console.print()
        print_run(result, folder, self.console)

    def _tell(self, markup: str) -> None:
        if not self.quiet:
            self.console.print(markup, highlight=False)

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, progress: Progress) -> RenderableType:
        seconds = self._plan.seconds if self._plan else 0
        share = min(1.0, progress.elapsed_s / seconds) if seconds else 0.0
        head = Table.grid(padding=(0, 1))
        head.add_row(
            Text("  "),
            ProgressBar(total=1.0, completed=share, width=12),
            Text(course_text(progress, self._plan)),
        )
        return Group(head, Text(f"   {_facts(progress)}", no_wrap=True, overflow="ellipsis"))


def _intent(info: CaseInfo, plan: Plan | None) -> str:
    if plan is None:
        return "hand-written script"
    if plan.single:
        return f"every step once ({len(info.steps)} steps)"
    lanes = ", ".join(f"{lane.name} {lane.offered}" for lane in plan.lanes)
    return f"{format_duration(plan.seconds)}, {lanes}, timing {info.timing}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def course_text(progress: Progress, plan: Plan | None) -> str:
    """Say how far the load is: phase, time, offered and achieved rate, users at work."""
    facts = [_clock(progress.elapsed_s)]
    if plan is not None and not plan.single:
        over_s = progress.elapsed_s - plan.seconds
        if over_s >= 0:
            return _waiting(over_s, progress.vus, plan)
        offered = offered_rate(plan, progress.elapsed_s)
        facts = [f"{phase_of(plan, progress.elapsed_s)} {_clock(progress.elapsed_s)}"]
        facts[0] += f" of {_clock(plan.seconds)}"
        if offered is not None:
            facts.append(f"offered {offered:.1f}/s")
    if progress.iterations_per_s is not None:
        facts.append(f"achieved {progress.iterations_per_s:.1f}/s")
    if progress.vus is not None:
        facts.append(f"{progress.vus} in flight")
    return ", ".join(facts)


def _waiting(over_s: float, vus: int | None, plan: Plan) -> str:
    """Say what a run whose load is over still waits for, and for how long at most."""
    users = figures.counted(vus, "iteration") if vus is not None else "iterations"
    most = _clock(plan.scenario.longest_timeout_s)
    return f"load over, waiting for {users} to end: {_clock(over_s)} of at most {most}"


def _facts(progress: Progress) -> str:
    """Say how the target does: requests, first tokens, tokens, failures by class."""
    facts = []
    if progress.requests_per_s is not None:
        facts.append(f"{progress.requests_per_s:.1f} req/s")
    if progress.ttft_p50_ms is not None:
        p50, p95 = milliseconds(progress.ttft_p50_ms), milliseconds(progress.ttft_p95_ms)
        facts.append(f"TTFT p50 {p50} p95 {p95} ms")
    if progress.tokens_per_s is not None:
        facts.append(f"{progress.tokens_per_s:.0f} tokens/s")
    kinds = ", ".join(f"{count} {kind}" for kind, count in progress.errors.items())
    facts.append(kinds or f"{progress.failed or 0} failed")
    if progress.dropped:
        facts.append(f"{progress.dropped} dropped")
    return ", ".join(facts)

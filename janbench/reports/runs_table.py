"""The list of runs on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from janbench.model.metric import HEADLINES
from janbench.model.results.result import RunResult, ScenarioResult
from janbench.reports import figures

_STYLES = {"pass": "green", "fail": "red", "error": "red"}

_WIDE_ENOUGH = 90


class RunRow(NamedTuple):
    """A scenario of a run; a run that can't be read has a `problem` and nothing else."""

    run_id: str
    verdict: str
    scenario: str
    target: str
    model: str
    requests: int
    failed: int
    ttft_p95_ms: float | None
    e2e_p95_ms: float | None
    output_tokens_per_s: float | None
    problem: str


def run_rows(runs: Iterable[tuple[Path, RunResult | None, str]]) -> list[RunRow]:
    """Return a row for each scenario of each run."""
    return [row for folder, run, problem in runs for row in _rows(folder, run, problem)]


def print_runs(rows: list[RunRow], console: Console) -> None:
    """Write the table: a line for each run, and beneath it one for each of its scenarios."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("Run, scenario", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    wide = console.width >= _WIDE_ENOUGH
    titles = ("Requests", "Failed", "TTFT p95", "E2E p95", "Tokens/s")
    for title in titles if wide else titles[:4]:
        table.add_column(title, justify="right", no_wrap=True)
    last = ""
    for row in rows:
        style = _STYLES.get(row.verdict, "yellow")
        if row.run_id != last:
            table.add_row(f"[bold]{escape(row.run_id)}[/]")
        table.add_row(
            f"  [dim]{escape(row.problem)}[/]" if row.problem else f"  {escape(row.scenario)}",
            f"[{style}]{row.verdict}[/]",
            figures.count(row.requests),
            figures.count(row.failed),
            figures.milliseconds(row.ttft_p95_ms),
            figures.milliseconds(row.e2e_p95_ms),
            *([figures.rate(row.output_tokens_per_s)] if wide else []),
        )
        last = row.run_id
    console.print(table)
    targets = sorted({f"{row.model} at {row.target}" for row in rows if row.target})
    for target in targets:
        console.print(f"[dim]{escape(target)}[/]", soft_wrap=True)


def _rows(folder: Path, run: RunResult | None, problem: str) -> Iterator[RunRow]:
    if run is None:
        yield RunRow(folder.name, "unreadable", "", "", "", 0, 0, None, None, None, problem)
        return
    if not run.scenarios:
        first = run.reasons[0].message if run.reasons else "no scenario"
        yield _row(run, ScenarioResult(name="", verdict=run.verdict), first)
    for scenario in run.scenarios:
        yield _row(run, scenario, "")


def _row(run: RunResult, scenario: ScenarioResult, problem: str) -> RunRow:
    ttft, e2e = (scenario.metrics.get(name) for name in HEADLINES)
    return RunRow(
        run_id=run.run_id,
        verdict=scenario.verdict,
        scenario=scenario.name,
        target=run.target.base,
        model=run.target.model,
        requests=scenario.requests.attempted,
        failed=scenario.requests.failed,
        ttft_p95_ms=ttft.p95 if ttft else None,
        e2e_p95_ms=e2e.p95 if e2e else None,
        output_tokens_per_s=scenario.throughput.output_tokens_per_s,
        problem=problem,
    )

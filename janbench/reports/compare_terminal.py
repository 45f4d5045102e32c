"""A comparison as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from janbench.model.results.comparison import Comparison, RunReference, ScenarioComparison
from janbench.reports.compare_rows import HEAD_ROW, conclusion, row_of

STYLES = {"better": "green", "same": "green", "worse": "bold red", "inconclusive": "yellow"}

# The margins have room beside the rest only here; in 80 columns `--format json` has them.
_WIDE_ENOUGH = 90
_MARGIN = 5


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Write the tables and the conclusion."""
    for label, run in (("BASE", comparison.base), ("HEAD", comparison.head)):
        console.print(f"[dim]{label}[/] {_run(run)}")
    for warning in comparison.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}")
    for scenario in comparison.scenarios:
        console.print()
        _print_scenario(console, scenario)
    console.print()
    style = STYLES[comparison.verdict]
    console.print(f"[{style}]{comparison.verdict}[/]: {escape(conclusion(comparison))}")


def _print_scenario(console: Console, scenario: ScenarioComparison) -> None:
    console.print(f"[bold]{escape(scenario.name)}[/]")
    for warning in scenario.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    wide = console.width >= _WIDE_ENOUGH
    for place, title in enumerate(HEAD_ROW):
        if place == _MARGIN and not wide:
            continue
        justify: JustifyMethod = "left" if place in (0, 6) else "right"
        table.add_column(title, justify=justify, no_wrap=True)
    rows = [row_of(effect) for effect in scenario.effects]
    for effect, row in zip(scenario.effects, rows, strict=True):
        # The names that `--margin` and `--gate` take: short, and the rates say their unit.
        table.add_row(
            escape(effect.name) if row.gates else f"[dim]{escape(effect.name)}[/]",
            row.base.removesuffix(effect.unit) if effect.better == "higher" else row.base,
            row.head.removesuffix(effect.unit) if effect.better == "higher" else row.head,
            row.change,
            row.interval,
            *([row.margin.removeprefix("±")] if wide else []),
            f"[{STYLES[row.verdict]}]{row.verdict}[/]",
        )
    console.print(table)
    for effect, row in zip(scenario.effects, rows, strict=True):
        if row.note and row.gates:
            console.print(f"[dim]  {escape(effect.name)}: {escape(row.note)}[/]")
    if not all(row.gates for row in rows):
        console.print("[dim]Dimmed figures are shown but don't gate.[/]")


def _run(run: RunReference) -> str:
    return escape(f"{run.run_id}  {run.model} at {run.target} ({run.verdict})")

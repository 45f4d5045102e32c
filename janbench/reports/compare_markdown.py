"""A comparison as Markdown, for a pull request's comment or a step summary."""

from __future__ import annotations

from collections.abc import Iterator

from janbench.model.results.comparison import Comparison, RunReference, ScenarioComparison
from janbench.reports.compare_rows import HEAD_ROW, conclusion, row_of
from janbench.reports.markdown import escape
from janbench.reports.table import markdown_table

MARKS = {"better": "✅", "same": "✅", "worse": "❌", "inconclusive": "❔"}


def compare_markdown(comparison: Comparison) -> str:
    """Return the text."""
    return "\n".join(_lines(comparison)).rstrip() + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"## {MARKS[comparison.verdict]} janbench compare: {comparison.verdict}"
    yield ""
    yield escape(conclusion(comparison))
    yield ""
    yield f"- BASE: {_run(comparison.base)}"
    yield f"- HEAD: {_run(comparison.head)}"
    for warning in comparison.warnings:
        yield f"- ⚠️ {escape(warning)}"
    yield ""
    for scenario in comparison.scenarios:
        yield from _scenario(scenario)
    yield (
        "<sub>Intervals by block bootstrap over time. Verdicts are corrected for the number of "
        "figures that gate; figures in italics don't.</sub>"
    )


def _scenario(scenario: ScenarioComparison) -> Iterator[str]:
    yield f"### {escape(scenario.name)}"
    yield ""
    for warning in scenario.warnings:
        yield f"- ⚠️ {escape(warning)}"
    if scenario.warnings:
        yield ""
    rows = []
    for effect in scenario.effects:
        row = row_of(effect)
        name = escape(row.figure) if row.gates else f"*{escape(row.figure)}*"
        verdict = f"{MARKS[row.verdict]} {row.verdict}"
        note = f": {escape(row.note)}" if row.note else ""
        rows.append(
            [name, row.base, row.head, row.change, row.interval, row.margin, verdict + note]
        )
    yield from markdown_table(HEAD_ROW, rows, text_columns=(0, 6))
    yield ""


def _run(run: RunReference) -> str:
    return (
        f"{escape(run.run_id)}, {escape(run.model)} at {escape(run.target)}, "
        f"{escape(run.started_at)} ({run.verdict})"
    )

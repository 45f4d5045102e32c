"""The forms of a report, and of a comparison: one function and one line in a table for each."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from janbench.pipeline.reporting import LoadedRun, write_compare_html, write_run_html

if TYPE_CHECKING:
    from janbench.model.results.comparison import Comparison

# What writes a form is imported when it is asked for: charts and tables take their time to load.


def _terminal(loaded: LoadedRun) -> str:
    from rich.console import Console

    from janbench.reports.terminal.console import print_run

    console = Console(highlight=False)
    with console.capture() as capture:
        print_run(loaded.run, loaded.folder, console)
    return capture.get()


def _html(loaded: LoadedRun) -> str:
    out = io.StringIO()
    write_run_html(loaded, out)
    return out.getvalue()


def _junit(loaded: LoadedRun) -> str:
    from janbench.reports.junit import junit

    return junit(loaded.run)


def _markdown(loaded: LoadedRun) -> str:
    from janbench.reports.markdown import markdown

    return markdown(loaded.run)


def _compared_terminal(found: Comparison, _base: LoadedRun, _head: LoadedRun) -> str:
    from rich.console import Console

    from janbench.reports.compare_terminal import print_comparison

    console = Console(highlight=False)
    with console.capture() as capture:
        print_comparison(found, console)
    return capture.get()


def _compared_markdown(found: Comparison, _base: LoadedRun, _head: LoadedRun) -> str:
    from janbench.reports.compare_markdown import compare_markdown

    return compare_markdown(found)


def _compared_html(found: Comparison, base: LoadedRun, head: LoadedRun) -> str:
    out = io.StringIO()
    write_compare_html(found, base, head, out)
    return out.getvalue()


REPORTS: dict[str, Callable[[LoadedRun], str]] = {
    "terminal": _terminal,
    "html": _html,
    "junit": _junit,
    "markdown": _markdown,
    "json": lambda loaded: loaded.run.to_json(),
}
COMPARISONS: dict[str, Callable[[Comparison, LoadedRun, LoadedRun], str]] = {
    "terminal": _compared_terminal,
    "markdown": _compared_markdown,
    "html": _compared_html,
    "json": lambda found, _base, _head: found.to_json(),
}
# Files that a report, and a comparison, leaves in a run's folder, and the form of each.
REPORT_FILES = {"report.html": "html", "junit.xml": "junit", "summary.md": "markdown"}
COMPARISON_FILES = {
    "comparison.json": "json",
    "comparison.md": "markdown",
    "comparison.html": "html",
}

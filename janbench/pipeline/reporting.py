"""From a run on disk to its reports, and from two runs to a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from janbench.model.results.result import RunResult
from janbench.model.results.series import ScenarioSeries
from janbench.results.run_store import find_run, read_run

if TYPE_CHECKING:
    from janbench.model.results.comparison import Comparison

RECORDS = "requests.parquet"


@dataclass(frozen=True)
class LoadedRun:
    """A run's result and the folder that holds its scenarios' folders."""

    run: RunResult
    folder: Path

    def records(self, scenario: str) -> Path:
        """Return the place of a scenario's records, which may not be there."""
        return self.folder / scenario / RECORDS


def load_run(reference: str, root: Path) -> LoadedRun:
    """Read the run that a reference means; raises ConfigError when there is none."""
    result = find_run(reference, root)
    return LoadedRun(read_run(result), result.parent)


def read_all_series(loaded: LoadedRun) -> dict[str, ScenarioSeries]:
    """Read the series of every scenario under load that has records; one pass has no course."""
    from janbench.results.records.series import read_series

    found = {
        scenario.name: read_series(loaded.records(scenario.name))
        for scenario in loaded.run.scenarios
        if scenario.mode != "single"
    }
    return {name: series for name, series in found.items() if series is not None}


def write_run_html(loaded: LoadedRun, out: TextIO) -> None:
    """Write a run's HTML report."""
    from janbench.reports.html import write_html

    write_html(loaded.run, read_all_series(loaded), out)


def compare_runs(
    base: LoadedRun,
    head: LoadedRun,
    margins: Mapping[str, float],
    gates: frozenset[str] | None,
    *,
    allow_invalid: bool,
) -> Comparison:
    """Compare two runs; `margins` and `gates` go by figure, and add to or replace the defaults."""
    from janbench.results.compare.comparison import Side, compare
    from janbench.results.compare.options import DEFAULT_GATES, DEFAULT_MARGINS, CompareOptions
    from janbench.results.compare.samples import read_samples

    def side(loaded: LoadedRun) -> Side:
        found = {s.name: read_samples(loaded.records(s.name)) for s in loaded.run.scenarios}
        samples = {name: rows for name, rows in found.items() if rows is not None}
        return Side(loaded.run, samples, str(loaded.folder))

    options = CompareOptions(
        margins={**DEFAULT_MARGINS, **margins},
        gates=DEFAULT_GATES if gates is None else gates,
        allow_invalid=allow_invalid,
    )
    return compare(side(base), side(head), options)


def write_compare_html(
    comparison: Comparison, base: LoadedRun, head: LoadedRun, out: TextIO
) -> None:
    """Write a comparison as HTML with the distributions of both runs."""
    from janbench.reports.html import step_titles, write_comparison_html

    titles = {scenario.name: step_titles(scenario) for scenario in head.run.scenarios}
    write_comparison_html(comparison, read_all_series(base), read_all_series(head), titles, out)

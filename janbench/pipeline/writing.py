"""Reports and comparisons as files in a run's folder, each in one piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from janbench.files import replace_file
from janbench.model.results.result import RunResult
from janbench.pipeline.formats import COMPARISON_FILES, COMPARISONS, REPORT_FILES, REPORTS
from janbench.pipeline.reporting import LoadedRun

if TYPE_CHECKING:
    from janbench.model.results.comparison import Comparison

# On Windows somebody may look at the old file: 2 s.
_TRIES = 20
_TRY_EVERY_S = 0.1


def write_reports(run: RunResult, folder: Path) -> dict[str, Path]:
    """Write `report.html`, `junit.xml` and `summary.md` into a run's folder; gives their places.

    Raises ConfigError when the records can't be read, OSError when the disk refuses.
    """
    loaded = LoadedRun(run, folder)
    texts = {name: REPORTS[form](loaded) for name, form in REPORT_FILES.items()}
    return {name: replace_text(folder / name, text) for name, text in texts.items()}


def write_compare_files(
    comparison: Comparison, base: LoadedRun, head: LoadedRun, folder: Path
) -> None:
    """Write `comparison.json`, `comparison.md` and `comparison.html` into a folder."""
    texts = {n: COMPARISONS[form](comparison, base, head) for n, form in COMPARISON_FILES.items()}
    for name, text in texts.items():
        replace_text(folder / name, text)


def replace_text(target: Path, text: str) -> Path:
    """Write a file in one piece: a reader sees the old one or the new one."""
    partial = target.with_name(f".{target.name}.tmp")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    replace_file(partial, target, tries=_TRIES, every_s=_TRY_EVERY_S)
    return target

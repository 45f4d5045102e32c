"""The blocks of two targets, put together as two runs and compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from janbench.model.results.comparison import Comparison
from janbench.model.results.result import Requests, RunResult, ScenarioResult, worst
from janbench.pipeline.interleaving.blocks import SIDES
from janbench.pipeline.reporting import RECORDS, LoadedRun, compare_runs
from janbench.pipeline.writing import write_compare_files
from janbench.results.records.reader import merge_parquet


def conclude(
    run: RunResult, folder: Path, targets: tuple[str, str], *, allow_invalid: bool
) -> Comparison:
    """Make `base/` and `head/` of a run's blocks and compare them.

    Writes `comparison.json`, `.md` and `.html` into the run's folder. Raises ConfigError when a
    side has nothing to compare.
    """
    base, head = (
        _gathered(run, folder, side, target) for side, target in zip(SIDES, targets, strict=True)
    )
    comparison = compare_runs(base, head, {}, None, allow_invalid=allow_invalid)
    write_compare_files(comparison, base, head, folder)
    return comparison


def _gathered(run: RunResult, folder: Path, side: str, target: str) -> LoadedRun:
    own = folder / side
    own.mkdir(exist_ok=True)
    joined = [_joined(name, parts, folder, own) for name, parts in _by_name(run, side).items()]
    whole = run.model_copy(
        update={
            "run_id": f"{run.run_id}-{side}",
            "verdict": worst([scenario.verdict for scenario in joined]),
            "scenarios": joined,
            "target": run.target.model_copy(update={"base": target}),
        }
    )
    (own / "result.json").write_text(whole.to_json(), encoding="utf-8")
    return LoadedRun(whole, own)


def _by_name(run: RunResult, side: str) -> dict[str, list[ScenarioResult]]:
    found: dict[str, list[ScenarioResult]] = {}
    for scenario in run.scenarios:
        match = re.fullmatch(rf"(.+)-{side}-\d+", scenario.name)
        if match:
            found.setdefault(match[1], []).append(scenario)
    return found


def _joined(name: str, parts: Sequence[ScenarioResult], folder: Path, own: Path) -> ScenarioResult:
    """Return the blocks of a scenario as one; its figures are in the records, not in the result."""
    target = own / name
    target.mkdir(exist_ok=True)
    merge_parquet([folder / part.name / RECORDS for part in parts], target / RECORDS)
    counts = {
        key: sum(getattr(part.requests, key) for part in parts) for key in Requests.model_fields
    }
    return parts[0].model_copy(
        update={
            "name": name,
            "verdict": worst([part.verdict for part in parts]),
            "reasons": [reason for part in parts for reason in part.reasons],
            "duration_s": round(sum(part.duration_s for part in parts), 3),
            "requests": Requests(**counts),
        }
    )

"""The runs on disk: found by name, listed, pruned."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from janbench.errors import ConfigError
from janbench.model.results.result import RunResult

RESULT = "result.json"
# What a run puts down at its start and takes away at its end.
_UNDER_WAY = ".reserve"
_SURELY_DEAD_S = 24 * 3600


@dataclass(frozen=True)
class StoredRun:
    """A run's folder; `run` is None where its `result.json` can't be read, for the `problem`."""

    folder: Path
    run: RunResult | None
    problem: str = ""


def find_run(reference: str, root: Path) -> Path:
    """Return the `result.json` that a reference means.

    A reference is a run's id, the beginning of one, `latest`, a folder, or a JSON file. Raises
    ConfigError when it means no run or several.
    """
    path = Path(reference)
    if (path / RESULT).is_file():
        return path / RESULT
    if path.is_file():
        return path
    folders = _folders(root)
    if reference == "latest":
        if folders:
            return folders[-1] / RESULT
        raise ConfigError("there is no run yet", where=str(root), hint="Start one: janbench run.")
    found = [folder for folder in folders if folder.name == reference] or [
        folder for folder in folders if folder.name.startswith(reference)
    ]
    if len(found) == 1:
        return found[0] / RESULT
    if found:
        names = ", ".join(folder.name for folder in found[-4:])
        raise ConfigError(f"{reference!r} is the beginning of {len(found)} runs", hint=names)
    raise ConfigError(
        f"there is no run {reference!r}",
        where=str(root),
        hint="janbench runs lists them; a folder or a result.json will do, too.",
    )


def read_run(result: Path) -> RunResult:
    """Read a `result.json`; raises ConfigError that says what is wrong with it."""
    try:
        return RunResult.from_json(result.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("there is no such file", where=str(result)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", where=str(result)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"isn't a result of janbench: {place + ': ' if place else ''}{first['msg']}",
            where=str(result),
            hint="A run of another version of janbench is read by that version.",
        ) from None


def list_runs(root: Path) -> list[StoredRun]:
    """List the runs below a folder, the newest first."""
    runs = []
    for folder in reversed(_folders(root)):
        try:
            runs.append(StoredRun(folder, read_run(folder / RESULT)))
        except ConfigError as error:
            runs.append(StoredRun(folder, None, error.message))
    return runs


def prune(root: Path, keep: int) -> list[Path]:
    """Remove all runs but the newest `keep`, and give the folders that are gone.

    A run that is still under way stays, and so does whatever isn't a run's folder.
    """
    removed = []
    for stored in list_runs(root)[keep:]:
        # Only what says of itself that it is this run: a folder of another name may be precious.
        if stored.run is None or stored.run.run_id != stored.folder.name or _alive(stored.folder):
            continue
        shutil.rmtree(stored.folder)
        removed.append(stored.folder)
    return removed


def _alive(folder: Path) -> bool:
    reserve = folder / _UNDER_WAY
    return reserve.exists() and time.time() - reserve.stat().st_mtime < _SURELY_DEAD_S


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    # Ids begin with the time of the start, so that their order is the order in time.
    return sorted(
        path
        for path in root.iterdir()
        if not path.is_symlink() and path.is_dir() and (path / RESULT).is_file()
    )

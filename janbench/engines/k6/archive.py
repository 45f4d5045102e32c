"""A script with everything that it opens, packed by k6 into one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from janbench import process
from janbench.errors import EngineError


def archive(k6: Path, script: Path, target: Path, variables: Mapping[str, str]) -> None:
    """Pack a script with `k6 archive`; the load that `variables` ask for is fixed in it.

    `variables` stand on k6's command line and in the archive: no secret may be among them. Raises
    EngineError with k6's words when the script can't be loaded.
    """
    command: list[str | Path] = [k6, "archive", "--log-format", "raw", "-O", target]
    for name, value in variables.items():
        command += ["-e", f"{name}={value}"]
    done = process.run([*command, script], environment={}, folder=script.parent)
    if done.code != 0 or not target.exists():
        reason = " ".join((done.stderr or done.stdout).split())[-500:]
        raise EngineError(f"k6 can't pack {script.name}: {reason}")

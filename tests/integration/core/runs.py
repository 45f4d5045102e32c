"""`janbench run` as users call it, for the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
K6 = Path(sys.executable).parent / "k6"
_CLEAN = ("BASE", "MODEL", "FLAVOUR", "API_KEY", "LOADTEST_TOKEN", "SINGLE_RUN", "DURATION_MIN",
          "NONSTREAM_RPS", "STREAM_RPS", "DEBUG", "K6_PROMETHEUS_RW_SERVER_URL")  # fmt: skip


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without janbench's own variables, plus `extra`."""
    kept = {key: value for key, value in os.environ.items() if key not in _CLEAN}
    return {**kept, "COLUMNS": "80", "NO_COLOR": "1", **(extra or {})}


@dataclass(frozen=True)
class Ran:
    """A finished command; `result` is what its `result.json` holds."""

    code: int
    stdout: str
    stderr: str
    run_folder: Path

    @property
    def result(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.run_folder / "result.json").read_text())
        return loaded

    @property
    def scenario(self) -> dict[str, Any]:
        only: dict[str, Any] = self.result["scenarios"][0]
        return only


def janbench(
    folder: Path, *arguments: str, extra: Mapping[str, str] | None = None, timeout: float = 100
) -> Ran:
    """Run janbench in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "janbench", *arguments],
        cwd=folder,
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    # Now: a later run in the same folder is another `latest`.
    latest = (folder / "results" / "latest").resolve()
    return Ran(done.returncode, done.stdout, done.stderr, latest)

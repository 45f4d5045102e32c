"""Scenarios of these tests, run by `janbench run` against the embedded server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.embedded import EmbeddedServer

K6 = Path(sys.executable).parent / "k6"
QUICK = ("--ttft-ms", "5", "--itl-ms", "1", "--tokens", "4")
_FORGOTTEN = ("BASE", "MODEL", "FLAVOUR", "API_KEY", "LOADTEST_TOKEN", "SINGLE_RUN",
              "DURATION_MIN", "NONSTREAM_RPS", "STREAM_RPS", "DEBUG")  # fmt: skip
PING: dict[str, Any] = {"kind": "request", "id": "ping", "path": "/v1/models", "auth": False}


def chat(**keys: Any) -> dict[str, Any]:
    """A chat step that asks little."""
    return {"kind": "chat", "messages": [{"role": "user", "content": "Hi"}], **keys}


@dataclass(frozen=True)
class Ran:
    """A finished run; `rows` is the server's account of it."""

    code: int
    output: str
    folder: Path
    rows: list[dict[str, Any]]

    @property
    def scenario(self) -> dict[str, Any]:
        """The only scenario of result.json."""
        text = (self.folder / "results" / "latest" / "result.json").read_text()
        only: dict[str, Any] = json.loads(text)["scenarios"][0]
        return only

    def arrivals(self, path: str = "/v1/models") -> list[float]:
        """When requests to a path arrived, in seconds since the first of them."""
        times = sorted(row["received_ns"] / 1e9 for row in self.rows if row["path"] == path)
        return [time - times[0] for time in times]

    def count(self, path: str = "/v1/models") -> int:
        """How many requests to a path arrived."""
        return len(self.arrivals(path)) if any(r["path"] == path for r in self.rows) else 0


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without what would change a run."""
    kept = {key: value for key, value in os.environ.items() if key not in _FORGOTTEN}
    return {**kept, "COLUMNS": "120", "NO_COLOR": "1", **extra}


def write_scenario(folder: Path, scenario: dict[str, Any], **more: Any) -> Path:
    """Write a scenario file with one scenario, `t`."""
    file = folder / "scenarios.yaml"
    file.write_text(yaml.safe_dump({"scenarios": {"t": scenario}, **more}, sort_keys=False))
    return file


def run(
    folder: Path, server: EmbeddedServer, scenario: dict[str, Any], *flags: str, **extra: str
) -> Ran:
    """Run a scenario in `folder`; the machine may be busy, so doubts about it only warn."""
    write_scenario(folder, {"refresh": "never", **scenario})
    server.clear_truth()
    done = subprocess.run(
        [sys.executable, "-m", "janbench", "run", "t", "--base", server.base, "--skip-preflight",
         "--allow-invalid", *flags],
        cwd=folder, env=clean_environment(**extra), capture_output=True, text=True, timeout=90,
        check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout + done.stderr, folder, server.truth())

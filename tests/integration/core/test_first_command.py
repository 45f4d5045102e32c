"""A fresh checkout: after the first command plain k6 runs the scripts of `src/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded import embedded_server
from tests.integration.core.runs import K6, ROOT, environment

JANBENCH = '#!/bin/sh\necho "janbench $*" >> calls.txt\nexec "{python}" -m janbench "$@"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is installed already, since that needs the network."""
    for name in ("run-loadtest.sh", "pyproject.toml", "scenarios.yaml"):
        shutil.copy2(ROOT / name, tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "janbench").write_text(JANBENCH.format(python=sys.executable))
    (programs / "janbench").chmod(0o755)
    (tmp_path / ".venv" / ".janbench-installed").touch()
    return tmp_path


def first(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "run-loadtest.sh", *arguments], cwd=folder, env=environment(),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_plain_k6_runs_the_scripts_after_the_first_command(checkout: Path) -> None:
    done = first(checkout, "--list")
    assert done.returncode == 0, done.stderr
    assert "Writing the test cases to src/ as k6 scripts" in done.stderr
    assert "Writing" not in first(checkout, "--list").stderr
    with embedded_server("--ttft-ms", "5", "--itl-ms", "1", "--tokens", "5") as server:
        ran = subprocess.run(
            [K6, "run", "--address", "127.0.0.1:0", "--no-usage-report", "src/test-responses.js"],
            cwd=checkout, env=environment({"BASE": server.base, "SINGLE_RUN": "true"}),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "[6/6] Response with tools, streamed ... ok" in ran.stderr


def test_a_script_of_the_user_is_left_alone(checkout: Path) -> None:
    (checkout / "src").mkdir()
    mine = checkout / "src" / "test-responses.js"
    mine.write_text("export default function () {}\n")
    os.utime(mine, (1, 1))
    done = first(checkout, "render", "--help")
    assert "They were not written" in done.stderr
    assert mine.read_text() == "export default function () {}\n"


@pytest.mark.parametrize("given", [["run-all"], ["--all"], []], ids=str)
def test_all_has_three_names(checkout: Path, given: list[str]) -> None:
    flags = ["--dry-run"] if given else []
    if not given:
        (checkout / "scenarios.yaml").write_text("scenarios: {}\n")  # nothing to run
    first(checkout, *given, *flags)
    calls = (checkout / "calls.txt").read_text().splitlines()
    assert calls[-1] == " ".join(["janbench run --all", *flags])

"""What `./run-loadtest.sh` says while it sets itself up, with a Python that only pretends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.delivery.workflow_files import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")

_PYTHON = """#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python"
             printf '#!/bin/sh\\necho ran "$@"\\n' >"$3/bin/janbench"; chmod +x "$3/bin/janbench" ;;
  "-m pip") sleep 3; echo "pip: words of its own"; exit "${PIP_ENDS:-0}" ;;
esac
"""


def _set_up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "run-loadtest.sh", folder)
    if not (folder / "pyproject.toml").exists():
        (folder / "pyproject.toml").touch()
    python = folder / "python"
    python.write_text(_PYTHON)
    python.chmod(0o755)
    return subprocess.run(
        ["bash", "run-loadtest.sh", "--list"], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHON": str(python), **environment}, check=False, timeout=60,
    )  # fmt: skip


def test_it_says_what_it_does(tmp_path: Path) -> None:
    done = _set_up(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ran list\n"
    for words in ("1/2 creating", "2/2 installing", "MB to download", " .", " done"):
        assert words in done.stderr
    assert "words of its own" not in done.stderr
    assert _set_up(tmp_path).stderr == ""  # the second time there is nothing to do


def test_a_failure_shows_what_pip_said(tmp_path: Path) -> None:
    done = _set_up(tmp_path, PIP_ENDS="1")
    assert done.returncode == 1
    assert "failed" in done.stderr and "words of its own" in done.stderr
    assert "ran" not in done.stdout

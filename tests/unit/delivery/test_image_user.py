"""Whom the image's entry point becomes, as root in a folder of root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.delivery.workflow_files import ROOT

_SCRIPT = """
import importlib.util, os, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("entrypoint", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.become_owner(Path(sys.argv[2]))
print(os.getuid(), os.getgid(), os.getgroups())
"""
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give up root"
)


def _becomes(folder: Path, **environment: str) -> str:
    command: list[str | Path] = [
        sys.executable,
        "-c",
        _SCRIPT,
        ROOT / "image" / "entrypoint.py",
        folder,
    ]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout.strip()


def test_root_is_given_up_in_a_folder_of_root(tmp_path: Path) -> None:
    assert _becomes(tmp_path) == "10001 10001 []"
    assert (tmp_path / "results").stat().st_uid == 10001
    assert tmp_path.stat().st_uid == 0


def test_the_owner_takes_over(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    assert _becomes(tmp_path) == "1234 1235 []"
    assert not (tmp_path / "results").exists()


def test_a_link_is_not_handed_over(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "results").symlink_to(other)
    assert _becomes(folder).startswith("10001 ")
    assert other.stat().st_uid == 0


def test_a_rootless_engine_may_keep_root(tmp_path: Path) -> None:
    assert _becomes(tmp_path, JANBENCH_KEEP_ROOT="true").startswith("0 ")

"""A disk that fills up during a run: the result says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded import embedded_server
from tests.integration.core.runs import janbench

NAME = "test-completion-standard"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a disk of one megabyte needs root on Linux")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100k", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_a_result_that_says_so(small_disk: Path, tmp_path: Path) -> None:
    with embedded_server("--ttft-ms", "1", "--itl-ms", "0", "--tokens", "90") as server:
        ran = janbench(
            tmp_path, "run", NAME, "--base", server.base, "--results", str(small_disk),
            "--duration", "4s", "--nonstream-rps", "0", "--stream-rps", "200", "--allow-drops",
        )  # fmt: skip
    assert ran.code == 3, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    result = (small_disk / "latest" / "result.json").read_text()
    assert '"verdict": "error"' in result
    assert "disk" in result
    assert "disk" in ran.stdout

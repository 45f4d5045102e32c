"""One scenario through the whole of `janbench run`, by the local engine and by Docker.

The rates give 10.56 and 24.48 iterations: with a whole number, the last one would fall on the last
instant, and start or not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docker_daemon import PrivateDaemon
from tests.embedded import embedded_server

NAME = "test-completion-standard"
TTFT_MS, ITL_MS, TOKENS = 60, 5, 12


@pytest.fixture(scope="module")
def results(
    session_daemon: PrivateDaemon, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Run the same load by both engines; gives the scenario's result for each."""
    folder: Path = tmp_path_factory.mktemp("runs")
    flags = ("--ttft-ms", str(TTFT_MS), "--itl-ms", str(ITL_MS), "--tokens", str(TOKENS))
    found = {}
    with embedded_server(*flags) as server:
        for engine in ("local", "docker"):
            command = [sys.executable, "-m", "janbench", "run", NAME, "--engine", engine, "--json"]
            command += ["--base", server.base, "--duration", "6s", "--nonstream-rps", "2.2"]
            command += ["--stream-rps", "5.1", "--results", str(folder), "--allow-invalid"]
            done = subprocess.run(
                command,
                env={**os.environ, **session_daemon.environment},
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
            found[engine] = json.loads(done.stdout)
    assert session_daemon.leftovers() == []
    return found


def shape(value: Any) -> Any:
    """Return the keys at every depth of a result, without its figures."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key != "bounds"}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__ if not isinstance(value, int | float | None) else "number"


def test_both_engines_give_the_same_structure(results: dict[str, dict[str, Any]]) -> None:
    local, docker = (results[engine]["scenarios"][0] for engine in ("local", "docker"))
    for part in ("requests", "metrics", "steps", "checks", "thresholds", "slo", "stream_errors"):
        assert shape(local[part]) == shape(docker[part]), part
    assert results["docker"]["engine"]["name"] == "docker"
    assert results["docker"]["engine"]["image"]


def test_both_engines_measure_the_same(results: dict[str, dict[str, Any]]) -> None:
    """The server's own figures bound both; a busy machine may add to them, but never take away."""
    for engine in ("local", "docker"):
        metrics = results[engine]["scenarios"][0]["metrics"]
        assert TTFT_MS - 2 <= metrics["ttft_ms"]["p50"] <= TTFT_MS + 60, engine
        assert ITL_MS - 1 <= metrics["itl_ms"]["p50"] <= ITL_MS + 20, engine
        assert metrics["ttft_ms"]["count"] == results["local"]["scenarios"][0]["metrics"][
            "ttft_ms"
        ]["count"]  # fmt: skip

"""The libraries of rendered scripts, tested by k6; and scripts that k6 runs without janbench."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from janbench import resources
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.render.dialects import dialect_table
from janbench.render.script import render
from janbench.render.writer import write_scripts
from tests.embedded import EmbeddedServer
from tests.integration.language.running import (
    K6,
    PING,
    chat,
    clean_environment,
    write_scenario,
)


def k6(script: Path, *flags: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a person would."""
    return subprocess.run(
        [K6, "run", "--no-usage-report", "--quiet", "--address", "127.0.0.1:0", *flags,
         script.name],
        cwd=script.parent, env=clean_environment(**extra), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_libraries(tmp_path: Path) -> None:
    shutil.copytree(resources.templates() / "lib", tmp_path / "lib")
    (tmp_path / "lib" / "dialect_table.js").write_text(dialect_table())
    shutil.copy(Path(__file__).parent / "js" / "language.js", tmp_path)
    done = k6(tmp_path / "language.js")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("load", "wanted"),
    [
        ({"shape": "gamma", "rate": 20, "duration": "2s", "burstiness": 0.5}, 40),
        ({"nonstream_rps": 10, "stream_rps": 5, "duration_min": 1}, 24),
    ],
)
def test_a_script_needs_no_janbench(
    jan: EmbeddedServer, tmp_path: Path, load: dict[str, Any], wanted: int
) -> None:
    prompts = {"list": ["a", {"text": "b", "weight": 3}], "order": "random"}
    steps = [PING, chat(messages=[], prompts=prompts, stream=True)]
    scenario = {"steps": steps, "load": {"iteration_s": 0.2, **load}, "refresh": "never",
                "slo": {"e2e_ms": {"p95": 20000}}}  # fmt: skip
    file = write_scenario(tmp_path, scenario)
    rendered = render(load_scenarios(file, {}).scenarios["t"], load_flavours(), file.name)
    script = write_scripts([rendered], tmp_path / "src")[0]
    jan.clear_truth()
    done = k6(script, "--summary-export", "s.json", BASE=jan.base, DURATION_MIN="0.05",
              NONSTREAM_RPS="7", STREAM_RPS="3")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    paths = [row["path"] for row in jan.truth()]
    assert paths.count("/v1/models") == pytest.approx(wanted, abs=1)
    assert paths.count("/v1/chat/completions") == paths.count("/v1/models")
    metrics = json.loads((script.parent / "s.json").read_text())["metrics"]
    assert metrics["llm_total_ms"]["p(95)"] > 0
    if "shape" in load:
        assert metrics["schedule_lag_ms"]["max"] >= 0

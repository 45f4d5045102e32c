"""Every example, shortened to a few seconds, against the embedded server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded import EmbeddedServer
from tests.integration.language.running import clean_environment

EXAMPLES = Path(__file__).parents[3] / "examples"
# example -> (flavour, what makes it short)
SHORT: dict[str, tuple[str, dict[str, str]]] = {
    "smoke": ("jan-v1", {"load.iterations": "2"}),
    "soak": ("jan-v1", {"load.duration": "3s", "load.ramp": "1s", "load.rate": "5"}),
    "spike": ("jan-v1", {"load.before": "1s", "load.hold": "1s", "load.after": "1s"}),
    "capacity-stages": (
        "jan-v1", {"load.stages": "[{rate: 4, duration: 1s, jump: true}, {rate: 8, duration: 2s}]"},
    ),
    "rag-shared-prefix": ("openai", {"load.duration": "3s", "load.warmup": "1s"}),
    "rag-unique": ("openai", {"load.duration": "3s", "load.warmup": "0s"}),
    "agent-tools": ("openai", {"load.duration": "2s"}),
    "multi-turn-chat": (
        "jan-v1", {"load.duration": "2s", "load.rate": "3", "steps.turn.think_time_s": "0.1",
                   "load.iteration_s": "2"},
    ),
    "trace-replay": ("openai", {"load.limit": "20", "load.speed": "8"}),
    "own-endpoint": ("jan-v1", {"load.lanes.nonstream.duration": "2s"}),
}  # fmt: skip


def test_no_example_is_forgotten() -> None:
    files = {file.stem for file in EXAMPLES.glob("*.yaml")}
    assert files | {"rag-unique"} == set(SHORT)
    assert len(files) >= 8


@pytest.mark.parametrize("name", SHORT)
def test_example_runs(
    jan: EmbeddedServer, openai: EmbeddedServer, tmp_path: Path, name: str
) -> None:
    flavour, shorter = SHORT[name]
    file = EXAMPLES / ("rag-shared-prefix.yaml" if name == "rag-unique" else f"{name}.yaml")
    server = {"jan-v1": jan, "openai": openai}[flavour]
    sets = [f"--set=scenarios.{name}.{key}={value}" for key, value in shorter.items()]
    done = subprocess.run(
        [sys.executable, "-m", "janbench", "run", name, "--scenarios", str(file), "--base",
         server.base, "--allow-invalid", "--json", *sets],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    scenario = json.loads(done.stdout)["scenarios"][0]
    assert scenario["requests"]["completed"] > 3
    assert all(check["fails"] == 0 for check in scenario["checks"])


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_example_validates_as_it_stands(tmp_path: Path, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "janbench", "validate", "--scenarios", str(file)],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "k6 loads the script" in done.stdout

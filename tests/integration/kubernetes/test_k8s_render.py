"""`janbench k8s render`, and what the runners do with it: real k6, split by its segments."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from janbench.cli.k8s import k8s
from janbench.errors import ConfigError
from tests.docker_daemon import k6_binary
from tests.embedded import embedded_server
from tests.testrun_schema import check

ROOT = Path(__file__).parents[3]
SCENARIOS = ["--scenarios", str(ROOT / "scenarios.yaml")]
SECRET = "sk-a-secret-of-the-cluster"


def render(folder: Path, *arguments: str, **environment: str) -> list[dict[str, Any]]:
    """Render into a folder; gives the objects."""
    given = ["render", *arguments, *SCENARIOS, "-o", str(folder)]
    done = CliRunner(env=environment).invoke(k8s, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    written = done.output.splitlines()[0].removeprefix("wrote ")
    return list(yaml.safe_load_all(Path(written).read_text(encoding="utf-8")))


def test_no_secret_is_written(tmp_path: Path) -> None:
    secrets = {"API_KEY": SECRET, "K6_PROMETHEUS_RW_PASSWORD": SECRET}
    url = "http://prometheus:9090/api/v1/write"
    config_map, run = render(tmp_path, "test-responses", **secrets, K6_PROMETHEUS_RW_SERVER_URL=url)
    check(run)
    packed = base64.b64decode(config_map["binaryData"]["test.tar"])
    assert SECRET.encode() not in packed
    assert SECRET not in (tmp_path / "test-responses.yaml").read_text()
    environment = {entry["name"]: entry.get("value") for entry in run["spec"]["runner"]["env"]}
    assert environment["K6_PROMETHEUS_RW_SERVER_URL"] == url
    assert environment["K6_PROMETHEUS_RW_PASSWORD"] is None
    assert run["spec"]["arguments"].endswith(" --out experimental-prometheus-rw")


def own(folder: Path, **step: Any) -> list[str]:
    """Write a scenario of one request; return the arguments that name it."""
    file = folder / "own.yaml"
    file.write_text(json.dumps({"scenarios": {"own": {
        "steps": [{"kind": "request", "path": "/x", "auth": False, **step}],
        "load": {"shape": "constant", "rate": 1, "duration": "1s"},
    }}}))  # fmt: skip
    return ["own", "--scenarios", str(file)]


def test_a_scenarios_own_secrets_come_from_the_secret(tmp_path: Path) -> None:
    headers = {"api-key": "${AZURE_OPENAI_KEY}", "x-tenant": "${TENANT:-none}"}
    arguments = own(tmp_path, headers=headers)
    given = ["render", *arguments, "-o", str(tmp_path)]
    done = CliRunner(env={"AZURE_OPENAI_KEY": SECRET}).invoke(k8s, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "AZURE_OPENAI_KEY" in done.output
    text = (tmp_path / "own.yaml").read_text(encoding="utf-8")
    config_map, run = yaml.safe_load_all((tmp_path / "own.yaml").read_text())
    assert SECRET not in text
    assert SECRET.encode() not in base64.b64decode(config_map["binaryData"]["test.tar"])
    by_name = {entry["name"]: entry for entry in run["spec"]["runner"]["env"]}
    assert by_name["AZURE_OPENAI_KEY"]["valueFrom"]["secretKeyRef"] == {
        "name": "janbench", "key": "AZURE_OPENAI_KEY", "optional": True,
    }  # fmt: skip
    assert "TENANT" not in by_name


def test_a_file_from_others_has_no_secrets_on_a_cluster_either(tmp_path: Path) -> None:
    arguments = own(tmp_path, headers={"api-key": "${AZURE_OPENAI_KEY}"})
    given = ["render", *arguments, "--untrusted", "-o", str(tmp_path / "out")]
    with pytest.raises(ConfigError, match="may not use the variable AZURE_OPENAI_KEY"):
        CliRunner(env={"AZURE_OPENAI_KEY": SECRET}).invoke(k8s, given, catch_exceptions=False)


def test_large_test_needs_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("janbench.pipeline.cluster.manifests.CONFIG_MAP_BYTES", 1000)
    with pytest.raises(ConfigError, match="a ConfigMap holds 1 MB") as error:
        render(tmp_path, "test-responses")
    assert "--claim" in error.value.hint
    (run,) = render(tmp_path, "test-responses", "--claim", "scripts")
    check(run)
    assert (tmp_path / "janbench-test-responses.tar").stat().st_size > 1000


def test_single_run_is_not_split(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be split"):
        render(tmp_path, "test-responses", "--parallelism", "2", SINGLE_RUN="true")


@pytest.mark.parametrize("runners", [1, 3])
def test_runners_together_offer_exactly_the_load_that_was_asked_for(
    tmp_path: Path, runners: int
) -> None:
    """4.2/s and 10.2/s for 2.5 s, 0.5 s of ramp at either end: 8.4 and 20.4 iterations, begun 8 and
    20.

    Not 4/s and 10/s: the last iteration would fall on the last instant, and start or not.
    """
    with embedded_server("--ttft-ms", "2", "--itl-ms", "1", "--tokens", "4") as server:
        load = ["--duration", "2.5s", "--nonstream-rps", "4.2", "--stream-rps", "10.2"]
        config_map, run = render(
            tmp_path,
            "test-completion-standard",
            *[*load, "--base", server.base, "--timing", "direct"],
            *["--parallelism", str(runners)],
        )
        (tmp_path / "test.tar").write_bytes(base64.b64decode(config_map["binaryData"]["test.tar"]))
        environment = {e["name"]: e["value"] for e in run["spec"]["runner"]["env"] if "value" in e}
        assert environment.get("JANBENCH_INSTANCES") == (str(runners) if runners > 1 else None)
        started = _run_segments(tmp_path, runners, run["spec"]["arguments"].split(), environment)
        asked = [row for row in server.truth() if "chat/completions" in row["path"]]
    assert started == 28
    assert len(asked) == 28


def _run_segments(
    folder: Path, runners: int, arguments: list[str], environment: dict[str, str]
) -> int:
    """Start runners as the operator does; gives the iterations that they started together."""
    sequence = ",".join(["0", *(f"{n}/{runners}" for n in range(1, runners)), "1"])
    points = sequence.split(",")
    running = []
    for number in range(runners):
        summary = folder / f"summary-{number}.json"
        segment = f"{points[number]}:{points[number + 1]}"
        command = [str(k6_binary()), "run", "--quiet", "--address", "127.0.0.1:0"]
        command += ["--execution-segment", segment, "--execution-segment-sequence", sequence]
        command += ["--summary-export", str(summary), *arguments, str(folder / "test.tar")]
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append((process, summary))
    try:
        for process, _ in running:
            assert process.wait(timeout=60) in (0, 99)
    finally:
        for process, _ in running:
            process.kill()
            process.wait()
    metrics = [json.loads(summary.read_text())["metrics"] for _, summary in running]
    return sum(m["iterations"]["count"] for m in metrics if "iterations" in m)

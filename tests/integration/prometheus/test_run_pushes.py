"""`janbench run --prometheus` and `janbench report --from-prometheus`, as users call them."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.embedded import embedded_server
from tests.integration.core.runs import janbench
from tests.prometheus_server import prometheus_server

NAME = "test-completion-standard"


def test_a_run_pushes_and_can_be_rebuilt(tmp_path: Path) -> None:
    with (
        prometheus_server() as store,
        embedded_server("--ttft-ms", "50", "--itl-ms", "2") as server,
    ):
        ran = janbench(
            tmp_path, "run", NAME, "--base", server.base, "--duration", "4s", "--testid", "mine-1",
            "--nonstream-rps", "3", "--stream-rps", "3", "--allow-invalid",
            "--prometheus", store.url, "--native-histograms",
        )  # fmt: skip
        assert ran.code == 0, ran.stdout + ran.stderr
        assert "metrics_lost" not in {r["kind"] for r in ran.scenario["reasons"]}
        flags = ("report", "--from-prometheus", store.url, "--testid", "mine-1")
        deadline = time.monotonic() + 20
        while True:  # what was pushed last may take a moment to be seen
            rebuilt = janbench(tmp_path, *flags, "--format", "json")
            if rebuilt.code == 0 or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    assert rebuilt.code == 0, rebuilt.stderr
    scenario = json.loads(rebuilt.stdout)["scenarios"][0]
    assert scenario["requests"]["attempted"] == ran.scenario["requests"]["attempted"]
    assert scenario["verdict"] == ran.scenario["verdict"]


def test_a_run_goes_on_without_its_prometheus(tmp_path: Path) -> None:
    with embedded_server("--ttft-ms", "20", "--itl-ms", "1") as server:
        ran = janbench(
            tmp_path, "run", NAME, "--base", server.base, "--single",
            "--prometheus", "http://127.0.0.1:9",
            extra={"K6_PROMETHEUS_RW_PASSWORD": "secret-word", "K6_PROMETHEUS_RW_USERNAME": "u"},
        )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    assert "doesn't take pushes" in ran.stdout
    assert ran.scenario["reasons"][0]["kind"] == "metrics_lost"
    for path in (tmp_path / "results").rglob("*"):
        assert not path.is_file() or b"secret-word" not in path.read_bytes()

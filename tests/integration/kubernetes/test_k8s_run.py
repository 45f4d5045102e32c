"""`janbench k8s run` on a fake cluster whose pods are real k6 and real sidecars."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster import Fault, fake_cluster
from tests.integration.core.runs import environment, janbench

pytest.importorskip("kubernetes")
from tests.integration.kubernetes import running


@pytest.mark.alone
def test_runners_give_one_result_though_one_is_late_and_logs_break_off(tmp_path: Path) -> None:
    """10/s for 4 s: 40 streams, shared by 2 runners; seen by the server and in the records."""
    running.write(tmp_path, "3.95s", 'thresholds: {http_reqs: ["count>30"]}')
    faults = {
        1: Fault(drop_log_after_bytes=4000, rotated_log_bytes=100_000),
        2: Fault(pending_s=1.5),
    }
    secrets = {"janbench": {"API_KEY": running.SECRET}}
    with running.server() as server, fake_cluster(faults, secrets=secrets) as cluster:
        ran = running.run(tmp_path, cluster, server, "--parallelism", "2", "--allow-invalid")
        asked = server.truth()
        running.nothing_left(cluster)
        (test_run,) = cluster.test_runs
        needed = cluster.rights()
    assert needed == running.documented_rights()
    assert ran.code == 0, ran.stdout
    scenario = ran.scenario
    assert scenario["lanes"][0]["started_iterations"] == len(asked) == 40
    assert scenario["metrics"]["ttft_ms"]["count"] == 40
    assert scenario["metrics"]["itl_ms"]["count"] == 40 * 7
    assert scenario["metrics"]["ttft_ms"]["p50"] == pytest.approx(20, abs=5)
    assert scenario["steps"]["chat"]["duration_ms"]["count"] == 40
    (threshold,) = (t for t in scenario["thresholds"] if t["expression"] == "count>30")
    assert (threshold["ok"], threshold["value"]) == (True, 40)
    assert 0 <= scenario["validity"]["start_skew_s"] < 2
    assert scenario["validity"]["proxy_lag_p99_ms"] is not None
    assert ran.result["engine"]["name"] == "kubernetes"
    assert ran.result["engine"]["instances"] == 2
    assert ran.result["engine"]["k6_version"] in ran.result["engine"]["image"]
    # The key of the cluster's Secret is used, the one of this machine stays here.
    assert "API_KEY is set here, but the runners take it from the Secret janbench" in running.told(
        ran
    )
    everything = json.dumps(test_run) + "".join(
        path.read_text("utf-8", "replace") for path in ran.run_folder.rglob("*") if path.is_file()
    )
    assert running.SECRET not in everything
    assert "sk-of-this-machine" not in everything


def test_a_crossed_threshold_without_a_timing_proxy(tmp_path: Path) -> None:
    running.write(tmp_path, "1.05s", 'thresholds: {http_req_duration: ["max<1"]}')
    with running.server() as server, fake_cluster() as cluster:
        ran = running.run(tmp_path, cluster, server, "--timing", "direct")
        running.nothing_left(cluster)
    assert ran.code == 1, ran.stdout
    assert ran.scenario["verdict"] == "fail"
    assert ran.scenario["k6_exit_code"] == 99
    assert ran.scenario["requests"]["attempted"] == 11
    assert "ttft_ms" not in ran.scenario["metrics"]
    assert "--timing proxy" in ran.scenario["unmeasured"]["ttft_ms"]


@pytest.mark.parametrize(
    ("fault", "duration", "words"),
    [
        (Fault(evict_after_s=1.5), "60s", "its pod was evicted: The node was low on resource"),
        (Fault(oom_after_s=1.5), "60s", "k6 ran out of memory and was killed. Raise --memory"),
        (Fault(delete_after_s=1.5), "60s", "its pod was deleted by something else"),
        (Fault(no_sidecar_logs=True), "1s", "the log of its sidecar broke off"),
    ],
    ids=["evicted", "out of memory", "deleted", "no logs"],
)
def test_a_runner_that_is_lost_ends_the_run_and_is_named(
    fault: Fault, duration: str, words: str, tmp_path: Path
) -> None:
    running.write(tmp_path, duration)
    with running.server() as server, fake_cluster({2: fault}) as cluster:
        started = time.monotonic()
        ran = running.run(tmp_path, cluster, server, "--parallelism", "2")
        assert time.monotonic() - started < 30
        running.nothing_left(cluster)
    assert ran.code == 3, ran.stdout
    assert ran.scenario["verdict"] == "error"
    assert words in running.told(ran)
    assert "instance 2" in running.told(ran)
    assert "could not keep up" not in running.told(ran)
    # What the other runner measured is kept.
    assert ran.scenario["metrics"]["ttft_ms"]["count"] > 3


@pytest.mark.parametrize(
    ("fault", "timeout", "words"),
    [
        (Fault(image_pull=True), "60", "runner 2 can't start: k6: ImagePullBackOff"),
        (
            Fault(unschedulable=True),
            "3",
            "did not begin in 3 s: runner 2: Unschedulable: 0/3 nodes",
        ),
    ],
    ids=["image", "no room"],
)
def test_a_runner_that_cannot_start(fault: Fault, timeout: str, words: str, tmp_path: Path) -> None:
    running.write(tmp_path)
    with running.server() as server, fake_cluster({2: fault}) as cluster:
        ran = running.run(
            tmp_path, cluster, server, "--parallelism", "2", "--start-timeout", timeout
        )
        running.nothing_left(cluster)
        assert server.truth() == []
    assert ran.code == 3
    assert words in running.told(ran)


def test_what_the_operator_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "own.js").write_text("export default function () {}")
    with running.server() as server, fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        command = ("k8s", "run", "own", "--base", server.base, "--parallelism", "2")
        ran = janbench(tmp_path, *command, extra=extra)
        running.nothing_left(cluster)
    assert ran.code == 3, ran.stdout
    assert "k6-operator can't run the test" in running.told(ran)


@pytest.mark.parametrize("early", [True, False], ids=["before the load", "under load"])
def test_ctrl_c_ends_the_runners_and_keeps_what_they_measured(early: bool, tmp_path: Path) -> None:
    running.write(tmp_path)
    faults = {2: Fault(pending_s=60)} if early else {}
    with running.server() as server, fake_cluster(faults) as cluster:
        started = subprocess.Popen(
            [sys.executable, "-m", "janbench", *running.command(server, "--parallelism", "2")],
            cwd=tmp_path,
            env=environment({"KUBECONFIG": str(cluster.kubeconfig)}),
            stdout=subprocess.PIPE,
            text=True,
        )
        running.wait_for(lambda: len(cluster.pods) == 3 if early else len(server.truth()) > 15)
        started.send_signal(signal.SIGINT)
        output, _ = started.communicate(timeout=40)
        running.nothing_left(cluster)
        asked = len(server.truth())
    assert started.returncode == 130, output
    result = json.loads((tmp_path / "results/latest/result.json").read_text())
    assert result["verdict"] == "interrupted"
    if not early:
        (scenario,) = result["scenarios"]
        # k6 doesn't count what was in flight when it was told to end.
        assert asked - 2 <= scenario["requests"]["attempted"] <= asked
        assert scenario["metrics"]["ttft_ms"]["count"] > 10

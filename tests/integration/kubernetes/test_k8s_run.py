"""`janbench k8s run` on a fake cluster whose pods are real k6 and real sidecars."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import Cluster, Fault, fake_cluster
from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.core.runs import ROOT, Ran, environment, janbench

pytest.importorskip("kubernetes")
SECRET = "sk-known-to-the-cluster-only"
SCENARIO = """
scenarios:
  chat:
    load: {{shape: constant, rate: 10, duration: {duration}}}
    {judged}
    steps:
      - kind: chat
        stream: true
        messages: [{{role: user, content: hi}}]
"""


def _server() -> Any:
    return embedded_server("--flavour", "openai", "--ttft-ms", "20", "--itl-ms", "2",
                           "--tokens", "8")  # fmt: skip


def _command(server: EmbeddedServer, *flags: str) -> list[str]:
    return ["k8s", "run", "chat", "--base", server.base, "--flavour", "openai", *flags]


def _write(folder: Path, duration: str = "60s", judged: str = "") -> None:
    (folder / "scenarios.yaml").write_text(SCENARIO.format(duration=duration, judged=judged))


def _run(folder: Path, cluster: Cluster, server: EmbeddedServer, *flags: str) -> Ran:
    extra = {"KUBECONFIG": str(cluster.kubeconfig), "API_KEY": "sk-of-this-machine"}
    return janbench(folder, *_command(server, *flags), extra=extra)


def _documented_rights() -> set[tuple[str, str]]:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    role = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    return {
        (verb, resource)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _told(ran: Ran) -> str:
    return " ".join((ran.stdout + ran.stderr).split())


def _nothing_left(cluster: Cluster) -> None:
    assert cluster.objects() == []
    assert not any(pod.alive for pod in cluster.pods)
    assert cluster.test_runs  # there was something


@pytest.mark.alone
def test_runners_give_one_result_though_one_is_late_and_logs_break_off(tmp_path: Path) -> None:
    """10/s for 4 s: 40 streams, shared by 2 runners; seen by the server and in the records."""
    _write(tmp_path, "3.95s", 'thresholds: {http_reqs: ["count>30"]}')
    faults = {
        1: Fault(drop_log_after_bytes=4000, rotated_log_bytes=100_000),
        2: Fault(pending_s=1.5),
    }
    secrets = {"janbench": {"API_KEY": SECRET}}
    with _server() as server, fake_cluster(faults, secrets=secrets) as cluster:
        ran = _run(tmp_path, cluster, server, "--parallelism", "2", "--allow-invalid")
        asked = server.truth()
        _nothing_left(cluster)
        (test_run,) = cluster.test_runs
        needed = cluster.rights()
    assert needed == _documented_rights()
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
    assert "API_KEY is set here, but the runners take it from the Secret janbench" in _told(ran)
    everything = json.dumps(test_run) + "".join(
        path.read_text("utf-8", "replace") for path in ran.run_folder.rglob("*") if path.is_file()
    )
    assert SECRET not in everything
    assert "sk-of-this-machine" not in everything


def test_a_crossed_threshold_without_a_timing_proxy(tmp_path: Path) -> None:
    _write(tmp_path, "1.05s", 'thresholds: {http_req_duration: ["max<1"]}')
    with _server() as server, fake_cluster() as cluster:
        ran = _run(tmp_path, cluster, server, "--timing", "direct")
        _nothing_left(cluster)
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
    _write(tmp_path, duration)
    with _server() as server, fake_cluster({2: fault}) as cluster:
        started = time.monotonic()
        ran = _run(tmp_path, cluster, server, "--parallelism", "2")
        assert time.monotonic() - started < 30
        _nothing_left(cluster)
    assert ran.code == 3, ran.stdout
    assert ran.scenario["verdict"] == "error"
    assert words in _told(ran)
    assert "instance 2" in _told(ran)
    assert "could not keep up" not in _told(ran)
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
    _write(tmp_path)
    with _server() as server, fake_cluster({2: fault}) as cluster:
        ran = _run(tmp_path, cluster, server, "--parallelism", "2", "--start-timeout", timeout)
        _nothing_left(cluster)
        assert server.truth() == []
    assert ran.code == 3
    assert words in _told(ran)


def test_what_the_operator_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "own.js").write_text("export default function () {}")
    with _server() as server, fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        command = ("k8s", "run", "own", "--base", server.base, "--parallelism", "2")
        ran = janbench(tmp_path, *command, extra=extra)
        _nothing_left(cluster)
    assert ran.code == 3, ran.stdout
    assert "k6-operator can't run the test" in _told(ran)


@pytest.mark.parametrize("early", [True, False], ids=["before the load", "under load"])
def test_ctrl_c_ends_the_runners_and_keeps_what_they_measured(early: bool, tmp_path: Path) -> None:
    _write(tmp_path)
    faults = {2: Fault(pending_s=60)} if early else {}
    with _server() as server, fake_cluster(faults) as cluster:
        running = subprocess.Popen(
            [sys.executable, "-m", "janbench", *_command(server, "--parallelism", "2")],
            cwd=tmp_path,
            env=environment({"KUBECONFIG": str(cluster.kubeconfig)}),
            stdout=subprocess.PIPE,
            text=True,
        )
        _await(lambda: len(cluster.pods) == 3 if early else len(server.truth()) > 15)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=40)
        _nothing_left(cluster)
        asked = len(server.truth())
    assert running.returncode == 130, output
    result = json.loads((tmp_path / "results/latest/result.json").read_text())
    assert result["verdict"] == "interrupted"
    if not early:
        (scenario,) = result["scenarios"]
        # k6 doesn't count what was in flight when it was told to end.
        assert asked - 2 <= scenario["requests"]["attempted"] <= asked
        assert scenario["metrics"]["ttft_ms"]["count"] > 10


def test_a_cluster_that_gives_no_answer_for_a_while(tmp_path: Path) -> None:
    _write(tmp_path, "2.95s")
    with _server() as server, fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        running = subprocess.Popen(
            [sys.executable, "-m", "janbench", *_command(server, "--allow-invalid")],
            cwd=tmp_path,
            env=environment(extra),
            stdout=subprocess.PIPE,
            text=True,
        )
        _await(lambda: len(server.truth()) > 5)
        with cluster.outage():
            time.sleep(1.5)
        output, _ = running.communicate(timeout=40)
        _nothing_left(cluster)
        asked = len(server.truth())
    assert running.returncode == 0, output
    result = json.loads((tmp_path / "results/latest/result.json").read_text())
    assert result["scenarios"][0]["metrics"]["ttft_ms"]["count"] == asked == 30


def test_what_cannot_be_removed_is_named(tmp_path: Path) -> None:
    _write(tmp_path, "1s")
    refused = frozenset({"delete testruns"})
    with _server() as server, fake_cluster(forbidden=refused) as cluster:
        ran = _run(tmp_path, cluster, server, "--allow-invalid")
        (name,) = (name for kind, name in cluster.objects() if kind == "TestRun")
    assert ran.code == 0, ran.stdout
    assert f"kubectl delete --namespace load testrun/{name} configmap/{name}" in _told(ran)


@pytest.mark.parametrize("right", ["create configmaps", "create testruns", "pods", "pods/log"])
def test_a_right_that_is_missing_is_named(right: str, tmp_path: Path) -> None:
    _write(tmp_path)
    with _server() as server, fake_cluster(forbidden=frozenset({right})) as cluster:
        ran = _run(tmp_path, cluster, server)
        left = cluster.objects()
    assert ran.code == 3
    assert f'resource "{right.rsplit(maxsplit=1)[-1]}"' in _told(ran)
    assert "docs/kubernetes.md" in _told(ran)
    # Without the right to look at pods nobody knows whether they are gone: the operator ends them.
    assert [kind for kind, _ in left if kind != "Pod"] == []


def test_a_cluster_without_the_operator(tmp_path: Path) -> None:
    _write(tmp_path)
    with _server() as server, fake_cluster(operator=False) as cluster:
        ran = _run(tmp_path, cluster, server)
    assert ran.code == 3
    assert "the cluster has no k6-operator" in ran.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (("--demo",), "--demo doesn't go with engine kubernetes"),
        (("--proxy-workers", "2"), "use more --instances"),
        (("--dashboard",), "it shows a k6 of this machine"),
    ],
)
def test_run_with_this_engine_refuses_what_a_cluster_cannot(
    flag: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    _write(tmp_path)
    with fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        command = ("run", "chat", "--engine", "kubernetes", "--flavour", "openai")
        ran = janbench(tmp_path, *command, *flag, extra=extra)
    assert ran.code == 2
    assert words in " ".join(ran.stderr.split())


def _await(seen: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)

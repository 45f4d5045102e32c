"""Namespaces that refuse pods, and answers of a moment: nothing is lost, all is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster, Hiccup, fake_cluster
from tests.cluster.admission import Admission, quota, restricted
from tests.embedded import embedded_server
from tests.integration.core.runs import Ran, janbench

pytest.importorskip("kubernetes")
SCENARIO = """
scenarios:
  chat:
    load: {shape: constant, rate: 10, duration: 2s}
    steps:
      - kind: chat
        stream: true
        messages: [{role: user, content: hi}]
"""


def _server() -> Any:
    return embedded_server("--flavour", "openai", "--ttft-ms", "20", "--itl-ms", "2",
                           "--tokens", "8")  # fmt: skip


def _run(folder: Path, cluster: Cluster, base: str, *flags: str) -> Ran:
    (folder / "scenarios.yaml").write_text(SCENARIO)
    extra = {"KUBECONFIG": str(cluster.kubeconfig)}
    command = ("k8s", "run", "chat", "--base", base, "--flavour", "openai", "--allow-invalid")
    ran = janbench(folder, *command, *flags, extra=extra)
    assert cluster.objects() == []
    assert not any(pod.alive for pod in cluster.pods)
    return ran


def test_a_restricted_namespace_takes_the_pods(tmp_path: Path) -> None:
    """Pod Security Standard `restricted`, and a quota: nothing in a pod may leave them out."""

    def both(pod: dict[str, Any]) -> str:
        return restricted(pod) or room(pod)

    room = quota(cpu=20)
    with _server() as target, fake_cluster(admission=both) as cluster:
        ran = _run(tmp_path, cluster, target.base)
    assert ran.code == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("admission", "said"),
    [
        (lambda _pod: 'violates PodSecurity "restricted:latest": seccompProfile', "seccompProfile"),
        (quota(cpu=0.01), "exceeded quota: compute, requested: requests.cpu"),
    ],
    ids=["standard", "quota"],
)
def test_a_namespace_that_refuses_the_pods_is_told_at_once(
    tmp_path: Path, admission: Admission, said: str
) -> None:
    with _server() as target, fake_cluster(admission=admission) as cluster:
        ran = _run(tmp_path, cluster, target.base, "--start-timeout", "5")
    assert ran.code == 3
    told = " ".join((ran.stdout + ran.stderr).split())
    assert said in told
    assert "is forbidden" in ran.result["scenarios"][0]["reasons"][0]["message"]


def test_answers_of_a_moment_lose_no_run(tmp_path: Path) -> None:
    """A kubelet that restarts knows no log; an API server that restarts knows nobody's rights."""
    hiccups = {
        ("get", "pods/log"): Hiccup(404, after=2, times=2),
        ("list", "pods"): Hiccup(403, after=6, times=3),
        ("delete", "testruns"): Hiccup(403, after=0, times=1),
    }
    with _server() as target, fake_cluster(hiccups=hiccups) as cluster:
        ran = _run(tmp_path, cluster, target.base)
    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.scenario["requests"]["failed"] == 0

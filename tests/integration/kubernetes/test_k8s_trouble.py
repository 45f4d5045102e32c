"""A cluster that is silent, refuses, or lacks what a run needs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster import fake_cluster
from tests.integration.core.runs import environment, janbench

pytest.importorskip("kubernetes")
from tests.integration.kubernetes import running


def test_a_cluster_that_gives_no_answer_for_a_while(tmp_path: Path) -> None:
    running.write(tmp_path, "2.95s")
    with running.server() as server, fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        started = subprocess.Popen(
            [sys.executable, "-m", "janbench", *running.command(server, "--allow-invalid")],
            cwd=tmp_path,
            env=environment(extra),
            stdout=subprocess.PIPE,
            text=True,
        )
        running.wait_for(lambda: len(server.truth()) > 5)
        with cluster.outage():
            time.sleep(1.5)
        output, _ = started.communicate(timeout=40)
        running.nothing_left(cluster)
        asked = len(server.truth())
    assert started.returncode == 0, output
    result = json.loads((tmp_path / "results/latest/result.json").read_text())
    assert result["scenarios"][0]["metrics"]["ttft_ms"]["count"] == asked == 30


def test_what_cannot_be_removed_is_named(tmp_path: Path) -> None:
    running.write(tmp_path, "1s")
    refused = frozenset({"delete testruns"})
    with running.server() as server, fake_cluster(forbidden=refused) as cluster:
        ran = running.run(tmp_path, cluster, server, "--allow-invalid")
        (name,) = (name for kind, name in cluster.objects() if kind == "TestRun")
    assert ran.code == 0, ran.stdout
    assert f"kubectl delete --namespace load testrun/{name} configmap/{name}" in running.told(ran)


@pytest.mark.parametrize("right", ["create configmaps", "create testruns", "pods", "pods/log"])
def test_a_right_that_is_missing_is_named(right: str, tmp_path: Path) -> None:
    running.write(tmp_path)
    with running.server() as server, fake_cluster(forbidden=frozenset({right})) as cluster:
        ran = running.run(tmp_path, cluster, server)
        left = cluster.objects()
    assert ran.code == 3
    assert f'resource "{right.rsplit(maxsplit=1)[-1]}"' in running.told(ran)
    assert "docs/kubernetes.md" in running.told(ran)
    # Without the right to look at pods nobody knows whether they are gone: the operator ends them.
    assert [kind for kind, _ in left if kind != "Pod"] == []


def test_a_cluster_without_the_operator(tmp_path: Path) -> None:
    running.write(tmp_path)
    with running.server() as server, fake_cluster(operator=False) as cluster:
        ran = running.run(tmp_path, cluster, server)
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
    running.write(tmp_path)
    with fake_cluster() as cluster:
        extra = {"KUBECONFIG": str(cluster.kubeconfig)}
        command = ("run", "chat", "--engine", "kubernetes", "--flavour", "openai")
        ran = janbench(tmp_path, *command, *flag, extra=extra)
    assert ran.code == 2
    assert words in " ".join(ran.stderr.split())

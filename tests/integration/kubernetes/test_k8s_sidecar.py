"""Sidecars that crash, and operators that don't know them: nothing is blamed on the target."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.cluster import Cluster, Fault, fake_cluster
from tests.embedded import embedded_server
from tests.integration.core.runs import Ran, janbench

pytest.importorskip("kubernetes")
SCENARIO = """
scenarios:
  chat:
    load: {shape: constant, rate: 10, duration: 60s}
    thresholds: {checks: ["rate>0.99"]}
    steps:
      - kind: chat
        stream: true
        messages: [{role: user, content: hi}]
"""


def _run(folder: Path, cluster: Cluster, base: str) -> Ran:
    (folder / "scenarios.yaml").write_text(SCENARIO)
    extra = {"KUBECONFIG": str(cluster.kubeconfig)}
    command = ("k8s", "run", "chat", "--base", base, "--flavour", "openai", "--parallelism", "2")
    ran = janbench(folder, *command, extra=extra)
    assert cluster.objects() == []
    assert not any(pod.alive for pod in cluster.pods)
    return ran


def _said(ran: Ran) -> str:
    return " ".join((ran.stdout + ran.stderr).split())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(sidecar_crashes=True), ("Error (exit code 1)", "no permission for port 8080")),
        (Fault(sidecar_image_is_wrong=True), ("StartError", "no-such-program", "--janbench-image")),
    ],
    ids=["crashes", "wrong image"],
)
def test_a_sidecar_that_does_not_start_is_an_error_at_once(
    fault: Fault, words: tuple[str, ...], tmp_path: Path
) -> None:
    with embedded_server("--flavour", "openai") as server, fake_cluster({2: fault}) as cluster:
        began = time.monotonic()
        ran = _run(tmp_path, cluster, server.base)
        assert time.monotonic() - began < 60  # of the 300 that a start may take
        assert server.truth() == []
    assert ran.code == 3, _said(ran)
    assert "runner 2 can't start: timing-proxy ended" in _said(ran)
    assert [word for word in words if word not in _said(ran)] == []


def test_a_sidecar_that_dies_under_load_is_not_blamed_on_the_target(tmp_path: Path) -> None:
    faults = {2: Fault(sidecar_dies_after_s=1.5)}
    with (
        embedded_server("--flavour", "openai", "--ttft-ms", "20") as server,
        fake_cluster(faults) as cluster,
    ):
        ran = _run(tmp_path, cluster, server.base)
    assert (ran.code, ran.scenario["verdict"]) == (3, "error"), _said(ran)
    assert ran.scenario["reasons"][0]["kind"] == "generator"
    assert "instance 2: timing-proxy ended" in ran.scenario["reasons"][0]["message"]
    # The other runner was told to end, and what it measured is kept.
    assert ran.scenario["metrics"]["ttft_ms"]["count"] > 3


@pytest.mark.parametrize("how", ["prunes", "refuses"])
def test_an_operator_that_does_not_know_sidecars_is_refused(how: str, tmp_path: Path) -> None:
    with (
        embedded_server("--flavour", "openai") as server,
        fake_cluster(old_operator=how) as cluster,
    ):
        ran = _run(tmp_path, cluster, server.base)
    assert ran.code == 3, _said(ran)
    assert "older than 1.1.0" in _said(ran)
    assert "Upgrade k6-operator to 1.1.0" in _said(ran)

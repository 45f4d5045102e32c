"""`janbench k8s run` on the fake cluster, for the tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import Cluster
from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.core.runs import ROOT, Ran, janbench

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


def server() -> Any:
    return embedded_server("--flavour", "openai", "--ttft-ms", "20", "--itl-ms", "2",
                           "--tokens", "8")  # fmt: skip


def command(server: EmbeddedServer, *flags: str) -> list[str]:
    return ["k8s", "run", "chat", "--base", server.base, "--flavour", "openai", *flags]


def write(folder: Path, duration: str = "60s", judged: str = "") -> None:
    (folder / "scenarios.yaml").write_text(SCENARIO.format(duration=duration, judged=judged))


def run(folder: Path, cluster: Cluster, server: EmbeddedServer, *flags: str) -> Ran:
    extra = {"KUBECONFIG": str(cluster.kubeconfig), "API_KEY": "sk-of-this-machine"}
    return janbench(folder, *command(server, *flags), extra=extra)


def documented_rights() -> set[tuple[str, str]]:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    role = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    return {
        (verb, resource)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def told(ran: Ran) -> str:
    return " ".join((ran.stdout + ran.stderr).split())


def nothing_left(cluster: Cluster) -> None:
    assert cluster.objects() == []
    assert not any(pod.alive for pod in cluster.pods)
    assert cluster.test_runs  # there was something


def wait_for(seen: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)

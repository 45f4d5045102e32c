"""Giving up: a cluster that stays silent, and an operator that never starts the load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from janbench.engines.kubernetes import fleet as kubernetes_fleet
from janbench.engines.kubernetes.api import ClusterApi, UnreachableError
from janbench.engines.kubernetes.fleet import Fleet
from janbench.engines.kubernetes.pods import sidecar_failure
from janbench.engines.kubernetes.runner import Runner
from janbench.engines.kubernetes.shipment import ShipmentSender
from janbench.errors import EngineError
from janbench.model.job import Job, Progress, Watcher

STAMP = "2026-11-25T05:10:31.12Z"


class _Cluster:
    """One running runner that says `said`; from the look number `silent_from` on, no answers."""

    def __init__(self, said: str, silent_from: int | None = None, stage: str = "started") -> None:
        self._stage = stage
        self.said = said
        self.silent_from = silent_from
        self.looks = 0
        self.others: list[dict[str, Any]] = []

    def pods(self, _name: str) -> list[dict[str, Any]]:
        self.looks += 1
        if self.silent_from is not None and self.looks >= self.silent_from:
            raise UnreachableError("the cluster gave no answer")
        running: dict[str, Any] = {"state": {"running": {}}}
        return [
            *self.others,
            {
                "metadata": {"name": "p", "labels": {"runner": "true", "job-name": "test-1"}},
                "status": {
                    "phase": "Running",
                    "containerStatuses": [{"name": "k6", **running}],
                    "initContainerStatuses": [{"name": "timing-proxy", **running}],
                },
            },
        ]

    def stage(self, _name: str) -> str:
        return self._stage

    def refused_pods(self, _name: str) -> list[str]:
        return []

    def log(
        self, _pod: str, container: str, _follow: bool, _previous: bool = False
    ) -> Iterator[bytes]:
        if container == "timing-proxy":
            yield f"{STAMP} {self.said}".encode()

    def delete(self, _kind: str, _name: str) -> None:
        raise UnreachableError("the cluster gave no answer")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_POLL_S", 0.02), ("_SILENCE_S", 0.2), ("_DRAIN_S", 1.0)):
        monkeypatch.setattr(kubernetes_fleet, name, seconds)


def _said(*, began: float | None) -> str:
    lines: list[str] = []
    ShipmentSender(Path("/nowhere"), lines.append).progress(
        Progress(1.0), began, paused=began is None
    )
    return lines[0]


def _fleet(
    cluster: _Cluster,
    folder: Path,
    start_timeout_s: float,
    notice: Callable[[str], None] = lambda _: None,
) -> Any:
    job = Job("test", folder, folder / "s.js", folder / "summary.json", folder / "k6.log", {},
              frozenset())  # fmt: skip
    api = cast(ClusterApi, cluster)
    watcher = Watcher(lambda _: None, lambda _: None)
    with Runner(1, job, api, watcher.line) as runner:
        return Fleet(api, "test", [runner], watcher, notice).run(start_timeout_s)


def test_a_cluster_that_stays_silent_is_given_up(tmp_path: Path) -> None:
    cluster = _Cluster(_said(began=1_795_000_000.0), silent_from=4)
    (outcome,) = _fleet(cluster, tmp_path, 60)
    assert outcome.exit_code < 0
    assert outcome.errors[-1] == "the cluster gave no answer"
    assert "the cluster gave no answer" in outcome.lost
    assert outcome.began == 1_795_000_000.0


def test_a_load_that_the_operator_never_starts(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="did not start the load of 1 of 1 runners"):
        _fleet(_Cluster(_said(began=None)), tmp_path, 0.3)


def test_an_operator_that_never_looks_at_the_test(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="did not look at the test") as error:
        _fleet(_Cluster(_said(began=None), stage=""), tmp_path, 0.1)
    assert "namespace" in error.value.hint


def test_a_starter_that_finds_no_room_is_named_while_the_run_waits(tmp_path: Path) -> None:
    cluster = _Cluster(_said(began=None))
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }
    metadata = {"name": "test-starter-x", "labels": {"job-name": "test-starter"}}
    cluster.others = [{"metadata": metadata, "status": {"conditions": [condition]}}]
    notices: list[str] = []
    with pytest.raises(EngineError, match="did not start the load") as error:
        _fleet(cluster, tmp_path, 0.3, notices.append)
    assert "test-starter-x waits: Unschedulable: 0/1 nodes" in error.value.hint
    assert len(notices) == 1
    assert "test-starter-x waits: Unschedulable: 0/1 nodes" in notices[0]
    assert "the run is still waiting" in notices[0]


def _pod(sidecar: dict[str, Any], k6: dict[str, Any] | None = None) -> dict[str, Any]:
    containers = [{"name": "k6", "state": k6}] if k6 else []
    return {
        "metadata": {"name": "p"},
        "status": {
            "phase": "Running",
            "initContainerStatuses": [{"name": "timing-proxy", **sidecar}],
            "containerStatuses": containers,
        },
    }


DEAD = {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
RESTARTED = {"state": {"running": {}}, "restartCount": 1}


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (_pod(DEAD, {"running": {}}), "timing-proxy ended: OOMKilled (exit code 137)"),
        (_pod(RESTARTED, {"running": {}}), "timing-proxy ended: Kubernetes no longer knows why"),
        (_pod(RESTARTED, {"terminated": {"exitCode": 99}}), "no longer knows why"),
        (_pod({"state": {"running": {}}}, {"running": {}}), ""),
        (_pod(DEAD, {"terminated": {"exitCode": 0}}), ""),  # ended after k6, as it should
    ],
    ids=["killed", "restarted", "restarted, k6 ended", "runs", "ended last"],
)
def test_what_a_sidecar_s_state_says(pod: dict[str, Any], words: str) -> None:
    found = sidecar_failure(pod)
    assert words in found
    assert bool(found) == bool(words)


def test_a_sidecar_s_last_words_are_without_secrets(tmp_path: Path) -> None:
    cluster = _Cluster("refused: Bearer sk-not-for-a-log", stage="created")
    crashed = _pod(DEAD)
    crashed["metadata"]["labels"] = {"runner": "true", "job-name": "test-1"}
    cluster.pods = lambda _name: [crashed]  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="its last words: refused") as error:
        _fleet(cluster, tmp_path, 5)
    assert "sk-not-for-a-log" not in error.value.message

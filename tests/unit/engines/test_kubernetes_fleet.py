"""Giving up: a cluster that stays silent, and an operator that never starts the load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from janbench.engines.kubernetes import fleet as kubernetes_fleet
from janbench.engines.kubernetes.api import ClusterApi, UnreachableError
from janbench.engines.kubernetes.fleet import Fleet
from janbench.engines.kubernetes.runner import Runner
from janbench.engines.kubernetes.shipment import Sender
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

    def pods(self, _name: str) -> list[dict[str, Any]]:
        self.looks += 1
        if self.silent_from is not None and self.looks >= self.silent_from:
            raise UnreachableError("the cluster gave no answer")
        running: dict[str, Any] = {"state": {"running": {}}}
        return [
            {
                "metadata": {"name": "p", "labels": {"runner": "true", "job-name": "test-1"}},
                "status": {
                    "phase": "Running",
                    "containerStatuses": [{"name": "k6", **running}],
                    "initContainerStatuses": [{"name": "timing-proxy", **running}],
                },
            }
        ]

    def stage(self, _name: str) -> str:
        return self._stage

    def log(self, _pod: str, container: str, _follow: bool) -> Iterator[bytes]:
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
    Sender(Path("/nowhere"), lines.append).progress(Progress(1.0), began, paused=began is None)
    return lines[0]


def _fleet(cluster: _Cluster, folder: Path, start_timeout_s: float) -> Any:
    job = Job("test", folder, folder / "s.js", folder / "summary.json", folder / "k6.log", {},
              frozenset())  # fmt: skip
    api = cast(ClusterApi, cluster)
    watcher = Watcher(lambda _: None, lambda _: None)
    with Runner(1, job, api, watcher.line) as runner:
        return Fleet(api, "test", [runner], watcher, lambda _: None).run(start_timeout_s)


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

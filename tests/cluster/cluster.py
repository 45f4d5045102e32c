"""The cluster that tests use."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.admission import Admission
from tests.cluster.api import KINDS, Api
from tests.cluster.fault import Fault
from tests.cluster.http_server import ApiServer
from tests.cluster.k6_operator import Operator
from tests.cluster.place import Known
from tests.cluster.pod import Pod
from tests.cluster.request import Hiccup
from tests.cluster.store import Store


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `requests` is what was asked so far: methods and paths."""

    kubeconfig: Path
    url: str
    requests: list[tuple[str, str]]
    pods: list[Pod]
    _store: Store
    _server: ApiServer

    @property
    def test_runs(self) -> list[dict[str, Any]]:
        """Every TestRun that was ever created, as it was then."""
        return [body for resource, body in self._store.created if resource == "testruns"]

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Let the API server give no answer; what runs goes on."""
        self._server.down = True
        self._server.cut()
        try:
            yield
        finally:
            self._server.down = False

    def rights(self) -> set[tuple[str, str]]:
        """Return the verb and resource of every request for an object so far."""
        return self._server.api.rights

    def objects(self) -> list[tuple[str, str]]:
        """Return the kind and name of what exists now, Secrets and events apart."""
        return [
            (KINDS[resource], name)
            for resource, name in self._store.names()
            if resource != "events"
        ]


@contextmanager
def fake_cluster(
    faults: Mapping[int, Fault] | None = None,
    *,
    operator: bool = True,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    forbidden: frozenset[str] = frozenset(),
    claims: Mapping[str, Path] | None = None,
    starter_s: float = 0.5,
    old_operator: str = "",
    admission: Admission | None = None,
    hiccups: Mapping[tuple[str, str], Hiccup] | None = None,
) -> Iterator[Cluster]:
    """Start a cluster; every process, socket and file of it is gone with the block.

    `faults` are by runner, from 1; 0 is the initializer. `forbidden` names resources
    (`pods/log`), or a verb with one (`delete testruns`). `claims` are PersistentVolumeClaims and
    the folders that hold their files. The load begins `starter_s` after the stage `started`, since
    the operator has a pod of its own resume the runners. `old_operator`: its CRDs are those before
    1.1.0, which `prunes` unknown fields, or `refuses` them. `admission` decides which pods the
    namespace takes. `hiccups`: by verb and resource, what the API answers for a moment.
    """
    closing = threading.Event()
    with tempfile.TemporaryDirectory(prefix="jb-cluster-") as name:
        folder = Path(name)
        store = Store()
        known = Known(secrets or {}, claims or {})
        controller = Operator(
            store, known, folder / "pods", faults or {}, starter_s, admission=admission
        )
        installed = controller if operator else None
        api = Api(
            store,
            installed,
            secrets or {},
            forbidden,
            closing.is_set,
            old_operator=old_operator,
            hiccups=hiccups or {},
        )
        server = ApiServer(api)
        url = f"http://127.0.0.1:{server.server_port}"
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(url)), encoding="utf-8")
        server.start()
        controller.start()
        try:
            yield Cluster(kubeconfig, url, server.requests, controller.pods, store, server)
        finally:
            closing.set()
            try:
                controller.stop()
            finally:
                server.stop()


def _kubeconfig(url: str) -> dict[str, Any]:
    context = {"cluster": "fake", "user": "ci", "namespace": "load"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "contexts": [{"name": "fake", "context": context}],
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "ci", "user": {}}],
    }

"""The fake cluster itself: runs end as a real cluster's do, and nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster import Cluster, fake_cluster

kubernetes: Any = pytest.importorskip("kubernetes")
_K6 = ("k6.io", "v1alpha1", "load", "testruns")
_TIMEOUT_S = 30.0
_SCRIPT = """
import exec from 'k6/execution';
export const options = { scenarios: { a: {
  executor: 'per-vu-iterations', vus: 2, iterations: 1,
} } };
export default function () {
  console.log(`key ${__ENV.API_KEY} of vu ${exec.vu.idInTest}`);
  if (exec.vu.idInTest == __ENV.FAILS) { exec.test.abort('as asked'); }
  if (__ENV.LONG) { for (;;) {} }
}
"""
_SIDECAR = """
import signal, sys
def end(*_):
    print('records are in', sys.argv[1], flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('listening on', sys.argv[2], flush=True)
signal.pause()
"""


def _body(name: str = "test", parallelism: int = 2, **environment: str) -> dict[str, Any]:
    key = {"name": "janbench", "key": "API_KEY", "optional": True}
    variables: list[dict[str, Any]] = [{"name": k, "value": v} for k, v in environment.items()]
    variables.append({"name": "API_KEY", "valueFrom": {"secretKeyRef": key}})
    sidecar = {
        "name": "timing-proxy",
        "image": "janbench",
        "command": ["python", "-c", _SIDECAR],
        "args": ["/records", "127.0.0.1:8790"],
        "restartPolicy": "Always",
        "volumeMounts": [{"name": "records", "mountPath": "/records"}],
    }
    return {
        "apiVersion": "k6.io/v1alpha1",
        "kind": "TestRun",
        "metadata": {"name": name},
        "spec": {
            "parallelism": parallelism,
            "script": {"configMap": {"name": name, "file": "test.js"}},
            "args": ["--no-usage-report", "--out", "json=/dev/null"],
            "quiet": "false",
            "runner": {
                "image": "grafana/k6",
                "env": variables,
                "metadata": {"labels": {"part-of": "test"}},
                "initContainers": [sidecar],
                "volumes": [{"name": "records", "emptyDir": {}}],
            },
            "initializer": {"image": "grafana/k6", "env": variables},
        },
    }


class _Client:
    """The `kubernetes` client, at this cluster."""

    def __init__(self, cluster: Cluster) -> None:
        api = kubernetes.config.new_client_from_config(str(cluster.kubeconfig))
        self.core = kubernetes.client.CoreV1Api(api)
        self.custom = kubernetes.client.CustomObjectsApi(api)

    def apply(self, body: dict[str, Any], script: str = _SCRIPT) -> None:
        metadata = {"name": body["metadata"]["name"]}
        made = self.custom.create_namespaced_custom_object(*_K6, body)
        owner = {"apiVersion": "k6.io/v1alpha1", "kind": "TestRun", "name": metadata["name"]}
        metadata["ownerReferences"] = [{**owner, "uid": made["metadata"]["uid"]}]
        data = {"test.js": script}
        self.core.create_namespaced_config_map("load", {"metadata": metadata, "data": data})

    def stage(self, name: str = "test") -> str:
        run = self.custom.get_namespaced_custom_object(*_K6, name)
        return str(run.get("status", {}).get("stage", ""))

    def runners(self) -> list[Any]:
        found = self.core.list_namespaced_pod("load", label_selector="k6_cr=test,runner=true")
        return sorted(found.items, key=lambda pod: str(pod.metadata.labels["job-name"]))

    def log(self, pod: Any, container: str = "k6", **options: Any) -> str:
        name = pod.metadata.name
        options.setdefault("_request_timeout", _TIMEOUT_S)
        return str(self.core.read_namespaced_pod_log(name, "load", container=container, **options))


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_ends_and_its_deletion_leaves_nothing() -> None:
    with fake_cluster(secrets={"janbench": {"API_KEY": "sk-1"}}) as cluster:
        client = _Client(cluster)
        client.apply(_body(FAILS="2"))
        _wait(lambda: client.stage() == "finished")

        first, second = client.runners()
        assert [pod.status.phase for pod in (first, second)] == ["Succeeded", "Failed"]
        codes = [p.status.container_statuses[0].state.terminated.exit_code for p in (first, second)]
        assert codes == [0, 108]
        sidecar = first.status.init_container_statuses[0].state.terminated
        assert (sidecar.exit_code, sidecar.reason) == (0, "Completed")
        assert "key sk-1 of vu 1" in client.log(first)
        assert "key sk-1 of vu 2" in client.log(second, follow=True)
        told = client.log(first, "timing-proxy")
        assert "listening on 127.0.0.1:" in told
        assert "/volumes/records" in told
        assert len(cluster.pods) == 3
        assert ("POST", "/apis/k6.io/v1alpha1/namespaces/load/testruns") in cluster.requests

        client.custom.delete_namespaced_custom_object(*_K6, "test")
        _wait(lambda: cluster.objects() == [])
        assert not any(pod.alive for pod in cluster.pods)

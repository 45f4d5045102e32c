"""The fake cluster itself: runs end as a real cluster's do, and nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster import Cluster, Fault, fake_cluster

kubernetes: Any = pytest.importorskip("kubernetes")
_K6 = ("k6.io", "v1alpha1", "load", "testruns")
_TIMEOUT_S = 30.0
_SCRIPT = """
import exec from 'k6/execution';
import { sleep } from 'k6';
export const options = { scenarios: { a: {
  executor: 'per-vu-iterations', vus: 2, iterations: 1,
} } };
export default function () {
  console.log(`key ${__ENV.API_KEY} of vu ${exec.vu.idInTest}`);
  if (exec.vu.idInTest == __ENV.FAILS) { exec.test.abort('as asked'); }
  if (exec.vu.idInTest == __ENV.LONG) { sleep(60); }
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
    with fake_cluster(starter_s=0, secrets={"janbench": {"API_KEY": "sk-1"}}) as cluster:
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


def _ended(client: _Client, body: dict[str, Any]) -> list[Any]:
    client.apply(body)
    _wait(lambda: client.stage() == "finished")
    return client.runners()


def test_a_runner_that_runs_out_of_memory() -> None:
    with fake_cluster({2: Fault(oom_after_s=0.2, no_sidecar_logs=True)}, starter_s=0) as cluster:
        client = _Client(cluster)
        _, second = _ended(client, _body(LONG="2"))
        terminated = second.status.container_statuses[0].state.terminated
        assert (terminated.exit_code, terminated.reason) == (137, "OOMKilled")
        assert second.status.init_container_statuses[0].state.terminated.exit_code == 0
        assert client.log(second, "timing-proxy") == ""


def test_a_runner_that_is_evicted_and_one_whose_node_goes() -> None:
    faults = {1: Fault(evict_after_s=0.2), 2: Fault(delete_after_s=0.2)}
    with fake_cluster(faults, starter_s=0) as cluster:
        client = _Client(cluster)
        client.apply(_body(LONG="1"), _SCRIPT.replace("== __ENV.LONG", ">= __ENV.LONG"))
        _wait(lambda: client.stage() == "finished")
        (evicted,) = client.runners()
        assert (evicted.status.phase, evicted.status.reason) == ("Failed", "Evicted")
        assert not evicted.status.container_statuses
        assert not any(pod.alive for pod in cluster.pods)


def test_runners_that_dont_start_hold_up_all() -> None:
    faults = {1: Fault(unschedulable=True), 2: Fault(image_pull=True)}
    with fake_cluster(faults, starter_s=0) as cluster:
        client = _Client(cluster)
        client.apply(_body(parallelism=2))
        watch = kubernetes.watch.Watch()
        options = {"label_selector": "runner=true", "timeout_seconds": int(_TIMEOUT_S)}
        for event in watch.stream(client.core.list_namespaced_pod, "load", **options):
            statuses = event["object"].status.container_statuses
            if statuses and statuses[0].state.waiting.reason == "ImagePullBackOff":
                watch.stop()
        first, second = client.runners()
        assert client.stage() == "created"
        assert first.status.conditions[0].reason == "Unschedulable"
        assert client.log(first) == ""
        with pytest.raises(kubernetes.client.ApiException, match="waiting to start") as refused:
            client.log(second)
        assert refused.value.status == 400


def test_logs_that_break_off_and_rotate() -> None:
    with fake_cluster(
        {2: Fault(drop_log_after_bytes=20, rotated_log_bytes=20)}, starter_s=0
    ) as cluster:
        client = _Client(cluster)
        _, second = _ended(client, _body())
        whole = cluster.pods[-1].main.log.text().decode()
        rest = client.log(second)
        assert 20 <= len(whole) - len(rest) < len(whole)
        assert whole.endswith(rest)
        stream = client.core.read_namespaced_pod_log(
            second.metadata.name, "load", container="k6", follow=True, _preload_content=False
        )
        got = b""
        with pytest.raises(Exception, match=r"(?i)incomplete|broken|ended"):
            for chunk in stream.stream():
                got += chunk
        assert got == rest.encode()[:20]


def test_a_run_that_is_deleted_ends_in_order() -> None:
    with fake_cluster() as cluster:
        client = _Client(cluster)
        client.apply(_body(LONG="2"))
        _wait(lambda: len(cluster.pods) == 3)
        _wait(lambda: b"vu 2" in cluster.pods[-1].main.log.text())
        client.custom.delete_namespaced_custom_object(*_K6, "test")
        _wait(lambda: cluster.objects() == [])
        runner = cluster.pods[-1]
        assert not runner.alive
        assert runner.main.exit_code == 105
        assert b"records are in" in runner.init[0].log.text()


@pytest.mark.parametrize(
    ("script", "parallelism"), [("import 'nothing';", 1), (_SCRIPT, 3)], ids=["broken", "few VUs"]
)
def test_what_the_initializer_finds(script: str, parallelism: int) -> None:
    with fake_cluster() as cluster:
        client = _Client(cluster)
        client.apply(_body(parallelism=parallelism), script)
        _wait(lambda: client.stage() == "error")
        (pod,) = client.core.list_namespaced_pod("load", label_selector="k6_cr=test").items
        broken = parallelism == 1
        assert pod.status.phase == ("Failed" if broken else "Succeeded")
        assert ("level=error" in client.log(pod)) is broken


def test_refusals() -> None:
    with fake_cluster(operator=False, forbidden=frozenset({"pods", "secrets"})) as cluster:
        client = _Client(cluster)
        for code, call in ((404, client.stage), (403, client.runners)):
            with pytest.raises(kubernetes.client.ApiException) as refused:
                call()
            assert refused.value.status == code
        made = {"metadata": {"name": "a"}, "data": {"k": "v"}}
        client.core.create_namespaced_config_map("load", made)
        with pytest.raises(kubernetes.client.ApiException, match="AlreadyExists") as refused:
            client.core.create_namespaced_config_map("load", made)
        assert refused.value.status == 409
        client.core.delete_namespaced_config_map("a", "load")
        assert cluster.objects() == []
        assert kubernetes.client.VersionApi(client.core.api_client).get_code().major == "1"

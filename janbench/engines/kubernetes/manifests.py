"""Kubernetes objects for k6-operator: a `TestRun` (k6.io/v1alpha1) and what it needs.

The operator starts `parallelism` runners and gives each its share of the load by k6's execution
segments, so that all together offer exactly what was asked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from janbench.engines.k6.command import TREND_STATS
from janbench.engines.kubernetes.pods import SIDECAR, WAITER
from janbench.model.cluster import Resources

# A ConfigMap holds 1 MiB in all; its names and labels need some of it.
CONFIG_MAP_BYTES = 1_000_000
ARCHIVE = "test.tar"
# Proxy and script of a pod share what no other pod, and no target, knows.
_TAIL_KEY = {
    "name": "JANBENCH_TAIL_SECRET",
    "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}},
}
_PROXY_ADDRESS = "127.0.0.1:8790"
_RECORDS = "/records"
_K6_PORT = 6565  # as the operator has it
_K6_ADDRESS = f"127.0.0.1:{_K6_PORT}"
_SUMMARY = "summary.json"
_SAMPLES = "samples.csv.gz"
# The operator splits arguments at blanks, and puts them into a shell command as they are.
_UNSAFE = re.compile(r"[^\w./:@%+,=-]", re.ASCII)
# The operator appends `-initializer`, and the labels of its jobs hold 63 characters.
_NAME_AT_MOST = 51
_USER = 12345  # of the official k6 image
# Namespaces with a quota refuse pods that don't say what they need.
_SMALL = {
    "requests": {"cpu": "50m", "memory": "128Mi"},
    "limits": {"memory": "256Mi"},
}
_LABELS = {"app.kubernetes.io/name": "janbench", "app.kubernetes.io/managed-by": "janbench"}


@dataclass(frozen=True)
class ClusterTest:
    """A test case for a cluster; `name` is that of its objects.

    `archive` is k6's own (`k6 archive`). `claim` names a PersistentVolumeClaim that holds it as
    `test.tar`, for one that no ConfigMap can hold. `environment` carries no secret: those come
    from the keys of the Secret `secret`, each of which may be absent. `arguments` are k6's, without
    blanks or anything else that a shell would read otherwise; in the values of `tags` such signs
    become dashes.

    `timed`: a timing proxy, out of `janbench_image`, runs beside each runner. `collected`: what the
    runners measure is sent home, which takes that image in any case.
    """

    name: str
    archive: bytes = field(repr=False)
    parallelism: int
    image: str
    target: str
    environment: Mapping[str, str]
    tags: Mapping[str, str]
    secret: str
    secret_keys: tuple[str, ...]
    namespace: str = ""
    janbench_image: str = ""
    timed: bool = False
    collected: bool = False
    claim: str = ""
    arguments: tuple[str, ...] = ()
    separate: bool = False
    resources: Resources = field(default_factory=Resources)


def manifests(test: ClusterTest) -> list[dict[str, Any]]:
    """Return the objects to apply, in order."""
    made = [] if test.claim else [_config_map(test)]
    return [*made, _test_run(test)]


def object_name(name: str, suffix: str = "") -> str:
    """Return a name that Kubernetes takes (DNS-1123): `janbench-`, the test case's, the suffix.

    A test case's name that is too long is cut, and a mark of the whole of it keeps it apart from
    others that begin alike.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    end = f"-{suffix}" if suffix else ""
    whole = f"janbench-{plain}{end}"
    if len(whole) <= _NAME_AT_MOST:
        return whole
    end = f"-{hashlib.sha256(name.encode()).hexdigest()[:6]}{end}"
    return f"{f'janbench-{plain}'[: _NAME_AT_MOST - len(end)].rstrip('-')}{end}"


def _metadata(test: ClusterTest) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": test.name, "labels": dict(_LABELS)}
    if test.namespace:
        metadata["namespace"] = test.namespace
    return metadata


def _config_map(test: ClusterTest) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(test),
        "binaryData": {ARCHIVE: base64.b64encode(test.archive).decode("ascii")},
    }


def _test_run(test: ClusterTest) -> dict[str, Any]:
    place = {"name": test.claim or test.name, "file": ARCHIVE}
    script = {"volumeClaim": {**place, "readOnly": True}} if test.claim else {"configMap": place}
    return {
        "apiVersion": "k6.io/v1alpha1",
        "kind": "TestRun",
        "metadata": _metadata(test),
        "spec": {
            "parallelism": test.parallelism,
            "script": script,
            "arguments": _arguments(test),
            "separate": test.separate,
            "quiet": "true" if test.collected else "false",
            "initializer": {**_pod(test), "resources": _SMALL},
            "starter": {**_restricted(), "resources": _SMALL},
            "runner": {**_pod(test), **_runner(test)},
        },
    }


def _arguments(test: ClusterTest) -> str:
    """Return k6's arguments as one text: operators before the field `args` know no other form."""
    arguments = ["--no-usage-report"]
    for name, value in test.tags.items():
        arguments += ["--tag", f"{name}={_UNSAFE.sub('-', value)}"]
    if test.collected and test.parallelism > 1:
        arguments += ["--out", f"csv={_RECORDS}/{_SAMPLES}"]
    return " ".join([*arguments, *test.arguments])


def _pod(test: ClusterTest) -> dict[str, Any]:
    return {
        "image": test.image,
        "imagePullPolicy": "IfNotPresent",
        "env": _environment(test),
        **_restricted(),
    }


def _restricted() -> dict[str, Any]:
    """Return what namespaces that enforce the Pod Security Standard `restricted` ask of a pod."""
    return {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _environment(test: ClusterTest) -> list[dict[str, Any]]:
    plain = dict(test.environment)
    if test.timed:
        plain["JANBENCH_PROXY"] = f"http://{_PROXY_ADDRESS}"
    listed: list[dict[str, Any]] = [{"name": k, "value": v} for k, v in sorted(plain.items())]
    if test.timed:
        listed.append(_TAIL_KEY)
    for key in test.secret_keys:
        reference = {"name": test.secret, "key": key, "optional": True}
        listed.append({"name": key, "valueFrom": {"secretKeyRef": reference}})
    return listed


def _runner(test: ClusterTest) -> dict[str, Any]:
    limits = {"cpu": test.resources.cpu, "memory": test.resources.memory}
    # Memory has a limit, since a runner without one takes the node down; processors have none,
    # since a throttled runner measures itself.
    # What isn't for the initializer: the operator finds errors in its log by `level=error`.
    own = {"K6_LOG_FORMAT": "json"}
    if test.collected:
        own["K6_SUMMARY_EXPORT"] = f"{_RECORDS}/{_SUMMARY}"
        own["K6_SUMMARY_TREND_STATS"] = TREND_STATS
    runner: dict[str, Any] = {
        "env": [*_environment(test), *({"name": k, "value": v} for k, v in own.items())],
        "resources": {"requests": limits, "limits": {"memory": test.resources.memory}},
        # By the operator's own, a k6 too busy to answer within a second dies at the third time.
        "livenessProbe": {
            "httpGet": {"path": "/v1/status", "port": _K6_PORT},
            "timeoutSeconds": 10,
            "periodSeconds": 30,
            "failureThreshold": 10,
        },
        "metadata": {"labels": dict(_LABELS)},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(_LABELS)},
            }
        ],
    }
    if test.timed or test.collected:
        runner["initContainers"] = [_sidecar(test), *([_waiter(test)] if test.timed else [])]
        runner["volumes"] = [{"name": "records", "emptyDir": {}}]
    if test.collected:
        runner["volumeMounts"] = [{"name": "records", "mountPath": _RECORDS}]
    return runner


def _sidecar(test: ClusterTest) -> dict[str, Any]:
    """Return the timing proxy as a native sidecar (Kubernetes 1.29): started first, ended last."""
    proxy = ["--target", test.target, "--listen", _PROXY_ADDRESS] if test.timed else []
    if test.timed and test.environment.get("K6_INSECURE_SKIP_TLS_VERIFY") == "true":
        proxy.append("--insecure-skip-tls-verify")
    verb = ["k8s", "sidecar", "--k6-address", _K6_ADDRESS] if test.collected else ["proxy"]
    return {
        "name": SIDECAR,
        "image": test.janbench_image,
        "command": ["janbench"],
        "args": [*verb, *proxy, "--records", _RECORDS],
        "env": [_TAIL_KEY] if test.timed else [],
        "restartPolicy": "Always",
        "volumeMounts": [{"name": "records", "mountPath": _RECORDS}],
        "resources": {
            "requests": {"cpu": "500m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
    }


def _waiter(test: ClusterTest) -> dict[str, Any]:
    """Return what holds k6 back until the timing proxy listens: the operator knows no probes."""
    return {
        "name": WAITER,
        "image": test.janbench_image,
        "command": ["janbench"],
        "args": ["k8s", "await-proxy", "--address", _PROXY_ADDRESS],
        "resources": _SMALL,
    }

"""The pods that k6-operator makes of a TestRun, and their k6 commands."""

from __future__ import annotations

import random
import shlex
import string
from collections.abc import Mapping
from typing import Any

from tests.cluster.store import Body

_VOLUME = "k6-test-volume"
_VALUED = ("-o", "--out")
_DROPPED = ("--no-usage-report", "-v", "--verbose", "-l", "--linger")


def runner_pod(run: Body, index: int) -> Body:
    """Return the pod of the runner `index` (from 1)."""
    spec, name = run["spec"], run["metadata"]["name"]
    pod = spec.get("runner") or {}
    labels = _labels(run, pod, {"runner": "true"})
    return _pod(run, pod, f"{name}-{index}", labels, _run_command(run, index))


def initializer_pod(run: Body) -> Body:
    """Return the pod that inspects the script."""
    spec, name = run["spec"], run["metadata"]["name"]
    pod = spec.get("initializer") or spec.get("runner") or {}
    labels = _labels(run, spec.get("runner") or {}, {})
    labels = {**((pod.get("metadata") or {}).get("labels") or {}), **labels}
    return _pod(run, pod, f"{name}-initializer", labels, ["sh", "-c", _inspect_command(spec)])


def segments(index: int, parallelism: int) -> list[str]:
    """Return the options for one runner's share of the load."""
    if parallelism < 2:
        return []
    points = ["0", *(f"{i}/{parallelism}" for i in range(1, parallelism)), "1"]
    return [
        f"--execution-segment={points[index - 1]}:{points[index]}",
        f"--execution-segment-sequence={','.join(points)}",
    ]


def archive_arguments(arguments: list[str]) -> list[str]:
    """Leave out what `k6 archive` doesn't take."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _VALUED:
            next(words, None)
        elif word not in _DROPPED and not word.startswith("--out="):
            kept.append(word)
    return kept


def _run_command(run: Body, index: int) -> list[str]:
    spec = run["spec"]
    paused = str(spec.get("paused") or "true").lower() != "false"
    return [
        *("k6", "run"),
        *([] if str(spec.get("quiet")).lower() == "false" else ["--quiet"]),
        *segments(index, spec["parallelism"]),
        *_arguments(spec),
        _script(spec),
        "--address=0.0.0.0:6565",
        *(["--paused"] if paused else []),
        *("--tag", f"instance_id={index}"),
        *("--tag", f"testrun_name={run['metadata']['name']}"),
    ]


def _inspect_command(spec: Body) -> str:
    """Return the operator's own shell command: of k6's messages only `level=error` is printed."""
    archive = "/tmp/janbench-initializer.archived.tar"
    words = shlex.join(archive_arguments(_arguments(spec)))
    return (
        f"k6 archive {_script(spec)} -O {archive} {words} 2> /tmp/k6logs"
        f" && k6 inspect --execution-requirements {archive} 2> /tmp/k6logs"
        " ; ! cat /tmp/k6logs | grep 'level=error'"
    )


def _arguments(spec: Body) -> list[str]:
    return list(spec.get("args") or str(spec.get("arguments") or "").split())


def _script(spec: Body) -> str:
    place = spec["script"].get("configMap") or spec["script"]["volumeClaim"]
    return f"/test/{place.get('file') or 'test.js'}"


def _labels(run: Body, pod: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, str]:
    given = (pod.get("metadata") or {}).get("labels") or {}
    return {**given, "app": "k6", "k6_cr": run["metadata"]["name"], **own}


def _pod(run: Body, pod: Body, job: str, labels: dict[str, str], command: list[str]) -> Body:
    script = run["spec"]["script"]
    source = (
        {"configMap": {"name": script["configMap"]["name"]}}
        if "configMap" in script
        else {"persistentVolumeClaim": {"claimName": script["volumeClaim"]["name"]}}
    )
    mount = {"name": _VOLUME, "mountPath": "/test"}
    scratch = {"name": "scratch", "mountPath": "/tmp"}
    guarded = pod.get("containerSecurityContext") or {}
    main: Body = {
        "name": "k6",
        "securityContext": guarded,
        "image": pod.get("image") or "grafana/k6:latest",
        "command": command,
        "env": pod.get("env") or [],
        "resources": pod.get("resources") or {},
        "ports": [{"containerPort": 6565, "protocol": "TCP"}],
        "volumeMounts": [mount, *(pod.get("volumeMounts") or [])],
    }
    if command[0] == "sh":
        main["volumeMounts"].append(scratch)
    suffix = "".join(random.choices(string.ascii_lowercase, k=5))
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job,
        "uid": run["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{job}-{suffix}",
            "namespace": run["metadata"]["namespace"],
            "labels": {**labels, "job-name": job, "batch.kubernetes.io/job-name": job},
            "annotations": (pod.get("metadata") or {}).get("annotations") or {},
            "ownerReferences": [owner],
        },
        "spec": {
            "restartPolicy": "Never",
            "securityContext": pod.get("securityContext") or {},
            "terminationGracePeriodSeconds": 30,
            "initContainers": [
                {**one, "securityContext": guarded} for one in pod.get("initContainers") or []
            ],
            "containers": [main],
            "volumes": [
                {"name": _VOLUME, **source},
                {"name": "scratch", "emptyDir": {}},
                *(pod.get("volumes") or []),
            ],
        },
    }

"""k6-operator: it takes each TestRun from stage to stage; and the garbage collector."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.cluster.admission import Admission
from tests.cluster.fault import Fault
from tests.cluster.k6_pods import initializer_pod, runner_pod
from tests.cluster.place import Known
from tests.cluster.pod import Pod
from tests.cluster.refusal import RefusalError
from tests.cluster.store import Body, Store

_TICK_S = 0.2
_RESUME = {"data": {"type": "status", "id": "default", "attributes": {"paused": False}}}
# Tests may run where a proxy is set; loopback isn't for it.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Operator:
    """The controller; `pods` are all that it ever made."""

    def __init__(
        self,
        store: Store,
        known: Known,
        folder: Path,
        faults: Mapping[int, Fault],
        starter_s: float,
        *,
        admission: Admission | None = None,
    ) -> None:
        self._admission = admission
        self.pods: list[Pod] = []
        self._store = store
        self._known = known
        self._folder = folder
        self._faults = faults
        self._starter_s = starter_s
        self._resume_at: dict[str, float] = {}  # by the TestRun's uid
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="k6-operator", daemon=True)
        self._stages: dict[str, Callable[[Body], str]] = {
            "": self._begin,
            "initialization": self._inspected,
            "initialized": self._create,
            "created": self._start,
            "started": self._watch,
            "stopped": lambda run: "finished",
        }

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Cease to work and kill every pod."""
        self._closing.set()
        self._thread.join()
        for pod in self.pods:
            pod.kill()

    def pod(self, namespace: str, name: str) -> Pod:
        """Return a pod that exists or existed."""
        return next(p for p in self.pods if (p.namespace, p.name) == (namespace, name))

    def _work(self) -> None:
        while not self._closing.wait(_TICK_S):
            self._collect()
            for run in self._store.all("testruns"):
                if "deletionTimestamp" not in run["metadata"]:
                    with contextlib.suppress(RefusalError):  # deleted meanwhile
                        self._advance(run)

    def _advance(self, run: Body) -> None:
        stage = (run.get("status") or {}).get("stage", "")
        step = self._stages.get(stage)
        after = step(run) if step else stage
        if after != stage:
            namespace, name = run["metadata"]["namespace"], run["metadata"]["name"]
            self._store.change(
                "testruns",
                namespace,
                name,
                lambda body: body.setdefault("status", {}).update(stage=after),
            )
        elif stage in ("finished", "error") and run["spec"].get("cleanup") == "post":
            self._store.remove("testruns", run["metadata"]["namespace"], run["metadata"]["name"])

    def _begin(self, run: Body) -> str:
        self._make(initializer_pod(run), 0)
        return "initialization"

    def _inspected(self, run: Body) -> str:
        pod = next((pod for pod in self._of(run) if pod.index == 0), None)
        if pod is None or not pod.finished:
            return "initialization"
        try:
            most = json.loads(pod.main.log.text())["maxVUs"]
        except (ValueError, KeyError, TypeError):
            return "error"
        if pod.phase != "Succeeded" or most < run["spec"]["parallelism"]:
            return "error"
        return "initialized"

    def _create(self, run: Body) -> str:
        for index in range(1, run["spec"]["parallelism"] + 1):
            self._make(runner_pod(run, index), index)
        return "created"

    def _start(self, run: Body) -> str:
        runners = self._runners(run)
        if len(runners) < run["spec"]["parallelism"]:
            return "created"
        if any(pod.phase != "Running" or pod.finished for pod in runners):
            return "created"
        if not all(_answers(pod) for pod in runners):
            return "created"
        self._resume_at[run["metadata"]["uid"]] = time.monotonic() + self._starter_s
        return "started"

    def _watch(self, run: Body) -> str:
        uid = run["metadata"]["uid"]
        if time.monotonic() >= self._resume_at.get(uid, math.inf):
            del self._resume_at[uid]
            for pod in self._runners(run):
                _resume(pod)
                pod.start_load()
        return "stopped" if all(pod.finished for pod in self._runners(run)) else "started"

    def _make(self, body: Body, index: int) -> None:
        fault = self._faults.get(index, Fault())
        namespace = body["metadata"]["namespace"]
        refused = self._admission(body) if self._admission else ""
        if refused:
            self._event(body, refused)
            return
        body = {**body, "status": {"phase": "Pending"}}
        self._store.add("pods", namespace, body)
        folder = self._folder / body["metadata"]["name"]
        pod = Pod(body, self._store, self._known, folder, index=index, fault=fault)
        self.pods.append(pod)
        pod.start()

    def _event(self, pod: Body, why: str) -> None:
        """Note, as the Job controller does, that a pod could not be created."""
        metadata = pod["metadata"]
        name = metadata["name"]
        self._store.add("events", metadata["namespace"], {
            "metadata": {"name": f"{name}.1"},
            "reason": "FailedCreate",
            "type": "Warning",
            "message": f'Error creating: pods "{name}" is forbidden: {why}',
            "involvedObject": {"kind": "Job", "name": metadata["labels"]["job-name"]},
        })  # fmt: skip

    def _of(self, run: Body) -> list[Pod]:
        return [pod for pod in self.pods if pod.owner == run["metadata"]["uid"]]

    def _runners(self, run: Body) -> list[Pod]:
        return [pod for pod in self._of(run) if pod.index]

    def _collect(self) -> None:
        """Delete what belongs to a TestRun that is deleted, and then that."""
        runs = self._store.all("testruns")
        kept = {r["metadata"]["uid"] for r in runs if "deletionTimestamp" not in r["metadata"]}
        for pod in self.pods:
            if pod.owner not in kept:
                pod.delete()
        for body in self._store.all("configmaps"):
            metadata = body["metadata"]
            owners = {owner["uid"] for owner in metadata.get("ownerReferences") or []}
            if owners and not owners & kept:
                with contextlib.suppress(RefusalError):
                    self._store.remove("configmaps", metadata["namespace"], metadata["name"])
        for run in runs:
            if run["metadata"]["uid"] not in kept and not any(p.exists for p in self._of(run)):
                with contextlib.suppress(RefusalError):
                    metadata = run["metadata"]
                    self._store.remove("testruns", metadata["namespace"], metadata["name"])


def _answers(pod: Pod) -> bool:
    try:
        with _http.open(f"http://{pod.place.rest}/v1/status", timeout=2) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _resume(pod: Pod) -> None:
    request = urllib.request.Request(
        f"http://{pod.place.rest}/v1/status",
        data=json.dumps(_RESUME).encode(),
        headers={"Content-Type": "application/json"},
        method="PATCH",
    )
    # As with the operator's starter, nobody looks at what comes of it.
    with contextlib.suppress(OSError, urllib.error.URLError), _http.open(request, timeout=5):
        pass

"""A pod and what a kubelet does with it, from Pending until it is gone."""

from __future__ import annotations

import contextlib
import functools
import math
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.container import Container
from tests.cluster.fault import Fault
from tests.cluster.place import Known, NotReadyError, Place
from tests.cluster.pod_status import Conditions, evicted_status, pod_status
from tests.cluster.refusal import RefusalError
from tests.cluster.store import Body, Store, now

GRACE_S = 30.0
_STEP_S = 0.05
_RESTART_S = 1.0
_PULL_S = 0.3
_UNSCHEDULABLE = "0/3 nodes are available: 3 Insufficient cpu."


class _LeaveError(Exception):
    """The pod is being deleted, or the cluster ends."""


class Pod:
    """One pod; its processes are real ones of this machine."""

    def __init__(
        self, body: Body, store: Store, known: Known, folder: Path, *, index: int, fault: Fault
    ) -> None:
        self.body = body
        self.name: str = body["metadata"]["name"]
        self.namespace: str = body["metadata"]["namespace"]
        self.owner: str = body["metadata"]["ownerReferences"][0]["uid"]
        self.index = index  # of the runner; 0 is the initializer
        self.fault = fault
        self.place = Place(folder)
        self.init = [Container(spec) for spec in body["spec"].get("initContainers") or []]
        for container in self.init:
            if container.sidecar and (words := fault.sidecar_command):
                container.spec = {**container.spec, "command": words, "args": []}
        self.main = Container(body["spec"]["containers"][0])
        self.phase = "Pending"
        self._store = store
        self._known = known
        self._conditions: Conditions = {}
        self._evicted = False
        self._load_started: float | None = None
        self._restart_at = 0.0
        self._sidecar_died = False
        self._since = ""
        self._leaving = threading.Event()
        self._killed = False
        self._grace_s = GRACE_S
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)

    @property
    def containers(self) -> list[Container]:
        """All containers, the sidecars first."""
        return [*self.init, self.main]

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Every process that it ever started."""
        return [process for container in self.containers for process in container.processes]

    @property
    def alive(self) -> bool:
        """Whether a process of it runs."""
        return any(process.poll() is None for process in self.processes)

    @property
    def finished(self) -> bool:
        """Whether its job has ended: the pod did, or it is gone."""
        return self.phase in ("Succeeded", "Failed") or not self.exists

    def start(self) -> None:
        """Let the kubelet begin."""
        self._thread.start()

    def start_load(self) -> None:
        """Tell that k6 was resumed: the faults' times count from here."""
        self._load_started = time.monotonic()

    def delete(self, grace_s: float = GRACE_S) -> None:
        """Begin to end it; the object vanishes when its processes have ended."""
        if self._leaving.is_set() or not self.exists:
            return
        marks = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": int(grace_s)}
        with contextlib.suppress(RefusalError):  # gone meanwhile
            self._store.change(
                "pods", self.namespace, self.name, lambda body: body["metadata"].update(marks)
            )
        self._grace_s = grace_s
        self._leaving.set()

    def kill(self) -> None:
        """End everything at once, without a trace in the API; returns when it has ended."""
        self._killed = True
        self._leaving.set()
        for container in self.containers:
            container.kill()
        if self._thread.is_alive():
            self._thread.join(10)
        for container in self.containers:  # one that was being started just then
            container.kill()

    @property
    def exists(self) -> bool:
        """Whether its object is there."""
        return self._store.has("pods", self.namespace, self.name)

    def _live(self) -> None:
        try:
            self._schedule()
            self._prepare()
            self._run()
            while not self._strike():
                self._await(_never, _STEP_S)
            self._await(_never)
        except _LeaveError:
            pass
        if not self._killed and self.exists:
            self._end()
            self._publish()
            self._store.remove("pods", self.namespace, self.name)

    def _schedule(self) -> None:
        scheduled = ("PodScheduled", False, "Unschedulable", _UNSCHEDULABLE)
        if self.fault.unschedulable:
            self._condition(*scheduled)
            self._publish()
            self._await(_never)
        self._publish()
        self._await(_never, self.fault.pending_s)
        self._since = now()
        node = f"node-{self.index or 1}"
        self._store.change(
            "pods", self.namespace, self.name, lambda body: body["spec"].update(nodeName=node)
        )
        self._condition("PodScheduled", True)

    def _prepare(self) -> None:
        reason = "PodInitializing" if self.init else "ContainerCreating"
        for container in self.containers:
            container.wait_for(reason)
        self._publish()
        self._retry(self.main, lambda: self.place.fill(self.body, self._store, self._known))
        for container in self.init:
            self._retry(container, functools.partial(container.start, self.place, self._known))
            self._publish()
            if not container.sidecar:
                while not container.ended.is_set():
                    self._await(container.ended.is_set, _RESTART_S)
                    self._restart_crashed()
        self._condition("Initialized", True)

    def _run(self) -> None:
        if any(not c.sidecar and c.exit_code for c in self.init):
            self._settle("Failed")
            return
        if self.fault.image_pull:
            self._fail_to_pull()
        self._retry(self.main, lambda: self.main.start(self.place, self._known))
        self.phase = "Running"
        for kind in ("ContainersReady", "Ready"):
            self._condition(kind, True)
        self._publish()
        while not self.main.ended.is_set():
            self._await(self.main.ended.is_set, _STEP_S)
            if not self.main.ended.is_set():
                self._restart_sidecars()
            if self._strike():
                return
        self._settle("Failed" if self.main.exit_code else "Succeeded")

    def _settle(self, phase: str) -> None:
        """End the sidecars; only then the pod has ended."""
        for kind in ("ContainersReady", "Ready"):
            self._condition(kind, False, "PodCompleted" if phase == "Succeeded" else "PodFailed")
        self._publish()
        for container in reversed(self.init):
            container.signal(signal.SIGTERM)
            until = time.monotonic() + GRACE_S
            while not container.ended.is_set() and time.monotonic() < until:
                self._await(container.ended.is_set, _STEP_S)
                if self._strike():
                    return
            container.stop(0)
            self._publish()
        self.phase = phase
        self._publish()

    def _strike(self) -> bool:
        """Do what the faults' times have come for; tell whether the pod is done with."""
        if self._load_started is None:
            return False
        elapsed = time.monotonic() - self._load_started
        fault = self.fault
        evicted = fault.evict_after_s is not None and elapsed >= fault.evict_after_s
        if evicted and self.phase == "Running":
            self._kill_all()
            self._evicted = True
            self.phase = "Failed"
            self._publish()
            return True
        if fault.delete_after_s is not None and elapsed >= fault.delete_after_s:
            self._kill_all()
            if self.exists:
                self._store.remove("pods", self.namespace, self.name)
            return True
        dies_s = math.inf if fault.sidecar_dies_after_s is None else fault.sidecar_dies_after_s
        if elapsed >= dies_s and not self._sidecar_died:
            self._sidecar_died = True
            for container in self.init:
                container.stop(0)
        if fault.oom_after_s is not None and elapsed >= fault.oom_after_s:
            self.main.oom = True
            self.main.stop(0)
        return False

    def _restart_crashed(self) -> None:
        """Start crashed sidecars anew while others wait: they show as terminated meanwhile."""
        for container in self.init:
            if container.sidecar and container.ended.is_set():
                self._publish()
                container.start(self.place, self._known)
                if container.ended.is_set():
                    self._publish()

    def _restart_sidecars(self) -> None:
        for container in self.init:
            if container.sidecar and container.ended.is_set():
                if container.state.get("terminated"):
                    container.wait_for("CrashLoopBackOff", "back-off restarting failed container")
                    self._publish()
                    self._restart_at = time.monotonic() + _RESTART_S
                elif time.monotonic() >= self._restart_at:
                    container.start(self.place, self._known)
                    self._publish()

    def _fail_to_pull(self) -> None:
        image = self.main.spec.get("image", "")
        back_off = f'Back-off pulling image "{image}"'
        pull = f'failed to pull and unpack image "{image}": failed to resolve reference: not found'
        while True:
            for reason, message in (("ErrImagePull", pull), ("ImagePullBackOff", back_off)):
                self.main.wait_for(reason, message)
                self._publish()
                self._await(_never, _PULL_S)

    def _retry(self, container: Container, action: Callable[[], None]) -> None:
        while True:
            try:
                action()
                return
            except NotReadyError as missing:
                container.wait_for(missing.reason, str(missing))
                self._publish()
                self._await(_never, 2 * _STEP_S)

    def _await(self, done: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Wait until it is done or the time is over; raises _LeaveError when the pod has to go."""
        deadline = time.monotonic() + (math.inf if timeout_s is None else timeout_s)
        while not done():
            left = min(_STEP_S, deadline - time.monotonic())
            if left <= 0:
                return
            if self._leaving.wait(left):
                raise _LeaveError

    def _end(self) -> None:
        """End it as a deletion does: k6 first, then the sidecars."""
        for container in (self.main, *reversed(self.init)):
            container.stop(self._grace_s)
            if not self._killed:
                self._publish()
        if self.main.processes and self.phase in ("Pending", "Running"):
            self.phase = "Succeeded" if self.main.exit_code == 0 else "Failed"

    def _kill_all(self) -> None:
        for container in self.containers:
            container.stop(0)

    def _condition(self, kind: str, true: bool, reason: str = "", message: str = "") -> None:
        self._conditions[kind] = (true, reason, message)

    def _publish(self) -> None:
        if self._evicted:
            status = evicted_status(self._since)
        else:
            scheduled = bool(self._conditions.get("PodScheduled", (False,))[0])
            shown = (self.init, [self.main]) if scheduled else ([], [])
            status = pod_status(
                self.phase, self._conditions, *shown, number=self.index, since=self._since
            )
        self._store.change(
            "pods", self.namespace, self.name, lambda body: body.update(status=status)
        )


def _never() -> bool:
    return False

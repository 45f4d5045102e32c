"""The runners of a test from their creation to their end: what to wait for, and when to give up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from janbench.engines.k6.common_end import CommonEnd
from janbench.engines.k6.rest import sum_progress
from janbench.engines.kubernetes import pods
from janbench.engines.kubernetes.api import ClusterApi, GoneError, UnreachableError
from janbench.engines.kubernetes.runner import Runner
from janbench.engines.kubernetes.shipment import is_shipment
from janbench.errors import EngineError
from janbench.model.job import Outcome, Watcher
from janbench.model.text.foreign import plain_text

_POLL_S = 1.0
_SILENCE_S = 60.0  # of the cluster, until it is given up
_DRAIN_S = 60.0
_END_S = 45.0  # Kubernetes gives a pod 30 s
_BEGUN = ("started", "stopped", "finished")
_LAST_LINES = 3


class Fleet:
    """Watches the runners of the TestRun `name`; `notice` hears what a start waits for."""

    def __init__(
        self,
        api: ClusterApi,
        name: str,
        runners: Sequence[Runner],
        watcher: Watcher,
        notice: Callable[[str], None],
    ) -> None:
        self._api = api
        self._name = name
        self._runners = runners
        self._watcher = watcher
        self._notice = notice
        self._stage = ""
        self._others: list[dict[str, Any]] = []  # the operator's own pods
        self._answered = time.monotonic()
        self._noticed: set[str] = set()
        self._room = ""  # what a quota says of a pod that it leaves no room for

    def run(self, start_timeout_s: float) -> list[Outcome]:
        """Wait for the start and the end; gives what became of each runner.

        Raises EngineError when the load could not begin.
        """
        interrupted = False
        try:
            self._start(start_timeout_s)
            self._watch(start_timeout_s)
        except KeyboardInterrupt:
            if not any(pods.has_log(runner.pod, pods.K6) for runner in self._runners):
                raise
            interrupted = True
            self._stop()
        self._drain()
        return [runner.outcome(interrupted) for runner in self._runners]

    def _start(self, timeout_s: float) -> None:
        """Wait until the load has begun, or a runner has ended before."""
        deadline = time.monotonic() + timeout_s
        while self._stage not in _BEGUN and not any(runner.over for runner in self._runners):
            self._look()
            self._refused()
            self._not_created()
            for runner in self._runners:
                self._waits(runner)
            if time.monotonic() > deadline:
                raise self._late(timeout_s)
            time.sleep(_POLL_S)

    def _watch(self, start_timeout_s: float) -> None:
        began = time.monotonic()
        end = CommonEnd()
        while not all(runner.over for runner in self._runners):
            time.sleep(_POLL_S)
            self._look()
            heard = [runner.received for runner in self._runners if runner.received.progress]
            if heard:
                self._watcher.progress(
                    sum_progress([runner.progress() for runner in self._runners])
                )
            paused = [one for one in heard if one.paused]
            if paused:
                self._refused()
            if paused and time.monotonic() - began > start_timeout_s:
                raise EngineError(
                    f"k6-operator did not start the load of {len(paused)} of "
                    f"{len(self._runners)} runners in {start_timeout_s:g} s",
                    hint=self._starter_waits()
                    or "Its log tells why; the pod that resumes the runners needs an image, too.",
                )
            if end.is_due(self._runners):
                for runner in self._runners:
                    runner.cut = not runner.over and not runner.broken
                self._stop()

    def _stop(self) -> None:
        """End the runners in order: k6 gets a SIGTERM and writes its summary."""
        with contextlib.suppress(EngineError):  # it is tried again when all else is done
            self._api.delete("TestRun", self._name)
        deadline = time.monotonic() + _END_S
        while not all(runner.over for runner in self._runners) and time.monotonic() < deadline:
            self._look(ending=True)
            time.sleep(_POLL_S / 4)
        for runner in self._runners:
            if not runner.over:
                runner.lose("it did not end in time")

    def _drain(self) -> None:
        """Wait for the rest of the logs."""
        deadline = time.monotonic() + _DRAIN_S
        while not all(runner.drained() for runner in self._runners):
            self._look(ending=True)
            if time.monotonic() > deadline:
                return
            time.sleep(_POLL_S / 4)

    def _look(self, *, ending: bool = False) -> None:
        """Ask how things are; a cluster that is silent for a minute is given up."""
        try:
            found = self._api.pods(self._name)
            if not ending:
                self._stage = self._api.stage(self._name)
        except GoneError:
            if not any(runner.pod for runner in self._runners):
                raise
            self._stage = "deleted"
        except UnreachableError as error:
            if time.monotonic() - self._answered > _SILENCE_S:
                for runner in self._runners:
                    runner.lose(error.message)
            return
        self._answered = time.monotonic()
        by_number = {pods.number_of(pod): pod for pod in found}
        self._others = [pod for pod in found if pods.number_of(pod) is None]
        for runner in self._runners:
            runner.see(by_number.get(runner.number), ending=ending)
            if runner.denied is not None:
                raise runner.denied

    def _refused(self) -> None:
        """Raise when the operator can't load or start the test."""
        for pod in self._others:
            why, hopeless = pods.why_waiting(pod)
            if hopeless:
                name = pod["metadata"]["name"]
                raise EngineError(f"k6-operator's own pod {name} can't start: {why}")
            self._note(why, f"k6-operator's pod {pod['metadata']['name']}")
        if self._stage != "error" or any(runner.over for runner in self._runners):
            return
        initializer = next((pod for pod in self._others if pods.is_initializer(pod)), {})
        said = self._last_words(initializer, pods.K6) or "it doesn't say why"
        raise EngineError(f"k6-operator can't run the test: {said}")

    def _not_created(self) -> None:
        """Raise when the namespace refuses the pods; a quota may have room later."""
        for why in self._api.refused_pods(self._name):
            said = plain_text(" ".join(why.split()))[:500]
            if "quota" not in why or "must specify" in why:
                raise EngineError(
                    f"the namespace {self._api.namespace} refuses the test's pods: {said}",
                    hint="Its admission rules say so: see 'kubectl describe namespace'.",
                )
            self._room = said
            self._note(said.partition(" is forbidden: ")[2] or said, "a pod of the test")

    def _starter_waits(self) -> str:
        found = ((pod["metadata"]["name"], pods.why_waiting(pod)[0]) for pod in self._others)
        return "; ".join(f"Its pod {name} waits: {why}." for name, why in found if why)

    def _last_words(self, pod: dict[str, Any], container: str) -> str:
        lines: list[str] = []
        for previous in (False, True):
            with contextlib.suppress(EngineError, KeyError):
                raw = self._api.log(pod["metadata"]["name"], container, False, previous)
                said = (line.decode("utf-8", "replace").partition(" ")[2] for line in raw)
                lines = [line for line in said if line and not is_shipment(line)][-_LAST_LINES:]
            if lines:
                break
        words = " ".join(" ".join(lines).split())
        return self._runners[0].redact(words)[-500:]

    def _waits(self, runner: Runner) -> None:
        why, hopeless = pods.why_waiting(runner.pod)
        if hopeless:
            container = why.partition(":")[0]
            said = self._last_words(runner.pod, container)
            raise EngineError(
                f"runner {runner.number} can't start: {why}{f' ({said})' if said else ''}",
                hint=_HINTS.get(container, ""),
            )
        if runner.broken:
            container = runner.broken.partition(" ")[0]
            said = self._last_words(runner.pod, container)
            raise EngineError(
                f"runner {runner.number} can't start: {runner.broken}"
                f"{f'; its last words: {said}' if said else ''}",
                hint=_HINTS[pods.SIDECAR],
            )
        self._note(why, f"runner {runner.number}")

    def _note(self, why: str, who: str) -> None:
        """Say once what keeps the load from beginning."""
        if why and f"{who}{why}" not in self._noticed:
            self._noticed.add(f"{who}{why}")
            self._notice(f"{who} waits: {why}. The load has not begun; the run is still waiting.")

    def _late(self, timeout_s: float) -> EngineError:
        if self._room:
            return EngineError(
                f"the load did not begin in {timeout_s:g} s: {self._room}",
                hint="Ask for less (--cpu, --memory, --parallelism), or raise the quota.",
            )
        if not self._stage:
            return EngineError(
                f"k6-operator did not look at the test in {timeout_s:g} s",
                hint="Does it run, and does it watch this namespace?",
            )
        waiting = [
            f"runner {runner.number}: {pods.why_waiting(runner.pod)[0] or _state(runner.pod)}"
            for runner in self._runners
            if not pods.has_log(runner.pod, pods.K6)
        ]
        what = "; ".join(waiting[:3]) or f"the TestRun is in stage {self._stage}"
        more = f"; and {len(waiting) - 3} more" if len(waiting) > 3 else ""
        return EngineError(
            f"the load did not begin in {timeout_s:g} s: {what}{more}",
            hint="Allow more time with --start-timeout, or ask for less: --cpu, --parallelism.",
        )


_HINTS = {
    pods.SIDECAR: "It runs the image of --janbench-image, which must be the same version as here.",
    pods.K6: "It runs the image of --image.",
}


def _state(pod: dict[str, Any]) -> str:
    return "it is being created" if pod else "the operator made no pod for it yet"

"""One runner of a test: its pod, what its logs tell, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from typing_extensions import Self

from janbench.engines.k6.common_end import is_failure
from janbench.engines.k6.log import K6Log
from janbench.engines.kubernetes import pods
from janbench.engines.kubernetes.api import ClusterApi, ForbiddenError
from janbench.engines.kubernetes.logs import LogFollower
from janbench.engines.kubernetes.shipment import ShipmentReceiver
from janbench.model.job import Job, Outcome, Progress
from janbench.model.text.secret import redactor

_KILLED = -9


class Runner:
    """A runner from its creation to its outcome."""

    def __init__(self, number: int, job: Job, api: ClusterApi, line: Callable[[str], None]) -> None:
        self.number = number
        self.code: int | None = None
        self.cut = False
        self.pod: dict[str, Any] = {}
        self.received = ShipmentReceiver(job.summary.parent)
        self.redact = redactor(job.secrets)
        self._api = api
        self._log = K6Log(job.log, job.secrets, line)
        self._followers: dict[str, LogFollower] = {}
        self._trouble = ""
        self._restarts = ""
        self.broken = ""  # how the sidecar ended under k6

    def __enter__(self) -> Self:
        self._log.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for follower in self._followers.values():
            follower.leave()
        self._log.__exit__(kind, error, trace)

    @property
    def over(self) -> bool:
        """Whether its k6 has ended, one way or another."""
        return self.code is not None

    @property
    def failed(self) -> bool:
        """Whether its k6, or what runs beside it, ended otherwise than with a result."""
        return bool(self.broken) or is_failure(self.code)

    @property
    def errors(self) -> list[str]:
        """The last errors of its k6."""
        return list(self._log.errors)

    @property
    def denied(self) -> ForbiddenError | None:
        """The cluster's refusal to let its logs be read."""
        return next((f.denied for f in self._followers.values() if f.denied), None)

    def see(self, pod: dict[str, Any] | None, *, ending: bool) -> None:
        """Take what the API says of its pod; None when it has none (any more).

        `ending`: pods are being deleted, and that by us.
        """
        if pod is None:
            if self.pod:
                for follower in self._followers.values():
                    follower.pod_gone()
                self.lose("" if ending else "its pod was deleted by something else than janbench")
            return
        self.pod = pod
        for container, take in ((pods.K6, self._log.take), (pods.SIDECAR, self.received.take)):
            if container not in self._followers and pods.has_log(pod, container):
                open_log = partial(self._api.log, pod["metadata"]["name"], container)
                self._followers[container] = LogFollower(open_log, take)
            if pods.has_ended(pod, container) and container in self._followers:
                self._followers[container].container_ended()
        self._restarts = pods.restarts(pod, pods.SIDECAR) or self._restarts
        self.broken = self.broken or pods.sidecar_failure(pod)
        if self.code is None and (code := pods.exit_code(pod)) is not None:
            self.code, self._trouble = code, pods.trouble(pod)

    def lose(self, why: str) -> None:
        """Return it up: nothing more is heard of it."""
        if self.code is None:
            self.code, self._trouble = _KILLED, why
        for follower in self._followers.values():
            follower.container_ended()

    def drained(self) -> bool:
        """Whether its logs have been read to the end."""
        return all(follower.ended for follower in self._followers.values())

    def progress(self) -> Progress:
        """Return what was heard of it last."""
        return self.received.progress or Progress(0.0)

    def outcome(self, interrupted: bool) -> Outcome:
        """Return how it ended."""
        errors = [*self.errors, *([self._trouble] if self._trouble else [])]
        return Outcome(
            _KILLED if self.code is None else self.code,
            self._seconds(),
            interrupted,
            exceptions=self._log.exceptions,
            errors=tuple(errors),
            cut=self.cut,
            began=self.received.began,
            lost=self._lost(),
            broken=f"{self.broken}." if self.broken else "",
        )

    def _seconds(self) -> float:
        if self.received.began is not None:
            return max(0.0, (self.received.ended or time.time()) - self.received.began)
        return pods.seconds(self.pod, pods.K6)

    def _lost(self) -> str:
        if self._restarts:
            return f"its timing proxy ended and was started again ({self._restarts})."
        if self.received.complete:
            return ""
        follower = self._followers.get(pods.SIDECAR)
        why = self._trouble or self.received.problem or "the log of its sidecar broke off"
        if follower is not None and follower.problem is not None:
            why = follower.problem.message
        return f"the end of its results ({why})."

"""The engine that runs k6 on a Kubernetes cluster, through k6-operator."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from janbench.engines.base import EngineOptions
from janbench.engines.k6.archive import archive
from janbench.engines.k6.command import parse_version
from janbench.engines.kubernetes.api import ClusterApi, ForbiddenError, UnreachableError, connect
from janbench.engines.kubernetes.fleet import Fleet
from janbench.engines.kubernetes.manifests import (
    CONFIG_MAP_BYTES,
    ClusterTest,
    manifests,
    object_name,
)
from janbench.engines.kubernetes.operator_version import check_kept, check_refusal
from janbench.engines.kubernetes.runner import Runner
from janbench.engines.local.engine import LocalEngine
from janbench.errors import EngineError
from janbench.model.job import Job, Outcome, Watcher
from janbench.model.results.result import EngineInfo
from janbench.model.telemetry import is_loopback

_GONE_S = 45.0
_REFUSED_S = 5.0  # an API server that was just restarted refuses for less than one
_POLL_S = 0.5


class KubernetesEngine:
    """k6 in the pods of k6-operator, one runner for each instance."""

    splits: ClassVar[bool] = True
    remote: ClassVar[bool] = True

    def __init__(self, api: ClusterApi, k6: Path, options: EngineOptions) -> None:
        self._api = api
        self._k6 = k6
        self._options = options
        self._named: set[str] = set()
        image = options.image or options.cluster.image
        version = parse_version(image.partition("@")[0].rpartition(":")[2])
        self.info = EngineInfo(
            name="kubernetes", k6_version=".".join(map(str, version)), image=image
        )

    @classmethod
    def find(cls, options: EngineOptions) -> KubernetesEngine:
        """Find the cluster, its operator, and the k6 here that packs the test.

        Raises EngineError when one of them can't be had.
        """
        k6 = LocalEngine.find(options).k6
        api = connect(options.cluster, options.environment)
        try:
            api.check()
        except BaseException:
            api.close()
            raise
        return cls(api, k6, options)

    def close(self) -> None:
        """Let go of the connections to the cluster."""
        self._api.close()

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> list[Outcome]:
        """Execute the script; see `Engine.run`.

        Whatever happens, the objects and their pods are deleted; when they can't be, a notice names
        them.
        """
        if is_loopback(urlsplit(jobs[0].target).hostname or ""):
            self._options.notice(f"in the cluster, {jobs[0].target} is the runner's own pod")
        for name in jobs[0].secret_names:
            if self._options.environment.get(name) and name not in self._named:
                self._named.add(name)
                self._options.notice(
                    f"{name} is set here, but the runners take it from the Secret "
                    f"{self._options.cluster.secret}"
                )
        test = self._test(jobs)
        several = len(jobs) > 1
        with ExitStack() as stack:
            runners = [
                stack.enter_context(
                    Runner(number, job, self._api, _line(watcher, number if several else None))
                )
                for number, job in enumerate(jobs, 1)
            ]
            stack.enter_context(self._applied(test))
            fleet = Fleet(self._api, test.name, runners, watcher, self._options.notice)
            return fleet.run(self._options.cluster.start_timeout_s)

    def _test(self, jobs: Sequence[Job]) -> ClusterTest:
        job, cluster = jobs[0], self._options.cluster
        with tempfile.TemporaryDirectory(prefix="janbench-") as place:
            target = Path(place) / "packed.tar"
            archive(self._k6, job.script, target, job.variables)
            packed = target.read_bytes()
        if len(packed) > CONFIG_MAP_BYTES:
            raise EngineError(
                f"{job.name} is {len(packed) / 1e6:.1f} MB packed, and a ConfigMap holds 1 MB",
                hint="Put it on a volume: 'janbench k8s render --claim NAME'.",
            )
        return ClusterTest(
            name=object_name(job.name, secrets.token_hex(4)),
            archive=packed,
            parallelism=len(jobs),
            image=self.info.image,
            target=job.target,
            environment=job.variables,
            tags=job.tags,
            arguments=job.arguments,
            secret=cluster.secret,
            secret_keys=job.secret_names,
            janbench_image=cluster.janbench_image,
            timed=job.timed,
            collected=True,
            separate=cluster.separate,
            resources=cluster.resources,
        )

    @contextlib.contextmanager
    def _applied(self, test: ClusterTest) -> Iterator[None]:
        """Create the objects; at the end they are gone, and their pods with them."""
        made: list[str] = []
        try:
            for manifest in manifests(test):
                try:
                    kept = self._api.create(manifest)
                except UnreachableError:
                    made.append(manifest["kind"])  # the request may have been heard
                    raise
                except EngineError as error:
                    check_refusal(error)
                    raise
                made.append(manifest["kind"])
                check_kept(manifest, kept)
            yield
        finally:
            self._remove(test.name, made)

    def _remove(self, name: str, kinds: Sequence[str]) -> None:
        problem = self._removed(name, list(reversed(kinds)))
        if problem:
            self._options.notice(
                f"the test could not be removed ({problem}). Remove it with: kubectl delete "
                f"--namespace {self._api.namespace} testrun/{name} configmap/{name}"
            )

    def _removed(self, name: str, kinds: Sequence[str]) -> str:
        """Delete the objects and wait for their pods to go; gives the problem, empty without."""
        began = time.monotonic()
        deadline = began + _GONE_S
        left, problem = list(kinds), ""
        while left or problem:
            try:
                problem = ""
                for kind in tuple(left):
                    self._api.delete(kind, name)
                    left.remove(kind)
                if kinds and self._api.pods(name):
                    problem = "its pods are still there"
            except EngineError as error:
                problem = error.message
                if isinstance(error, ForbiddenError):  # over in a moment, or never
                    deadline = min(deadline, began + _REFUSED_S)
            except KeyboardInterrupt:
                return "interrupted"
            if problem and time.monotonic() > deadline:
                return problem
            time.sleep(_POLL_S if problem else 0)
        return problem


def _line(watcher: Watcher, number: int | None) -> Callable[[str], None]:
    if number is None:
        return watcher.line
    return lambda text: watcher.line(f"[{number}] {text}")

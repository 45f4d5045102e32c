"""The engine that runs k6 in a container of the stock image."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from janbench.engines.base import EngineOptions
from janbench.engines.docker.container import LogPump, container
from janbench.engines.docker.daemon import Attached, Daemon, connect, docker_errors, is_missing
from janbench.engines.docker.files import (
    OUTPUT,
    SCRIPTS,
    output_folder,
    packed,
    unpack,
)
from janbench.engines.docker.image import prepare
from janbench.engines.docker.reach import Reach, named_variables, visible_from
from janbench.engines.k6.command import run_arguments
from janbench.engines.k6.log import K6Log
from janbench.engines.k6.rest import free_address, read_progress
from janbench.errors import ConfigError, EngineError
from janbench.model.cluster import PINNED_IMAGE
from janbench.model.job import Job, Outcome, Progress, Watcher
from janbench.model.results.result import EngineInfo

if TYPE_CHECKING:
    from docker.models.containers import Container

_PROGRESS_S = 1.0
_GRACE_S = 20.0
_PORT = 6565
_SUMMARY = "summary.json"
_MEMORY = re.compile(r"^\d+(\.\d+)?[bkmg]?b?$", re.IGNORECASE)


class DockerEngine:
    """k6 in a container: the folder mounted read-only, the results fetched as a tar."""

    splits: ClassVar[bool] = False
    remote: ClassVar[bool] = False

    def __init__(self, daemon: Daemon, options: EngineOptions, version: tuple[int, ...]) -> None:
        self._daemon = daemon
        self._image = options.image or PINNED_IMAGE
        self._limits = _limits(options)
        self.info = EngineInfo(
            name="docker", k6_version=".".join(map(str, version)), image=self._image
        )

    @classmethod
    def find(cls, options: EngineOptions) -> DockerEngine:
        """Find the daemon, have the image, and read k6's version.

        Raises EngineError when one of them can't be had.
        """
        _limits(options)
        daemon = connect(options.environment)
        try:
            version = prepare(daemon, options.image or PINNED_IMAGE, options.notice)
        except BaseException:
            daemon.client.close()
            raise
        return cls(daemon, options, version)

    def close(self) -> None:
        """Let go of the connection to the daemon."""
        self._daemon.client.close()

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> list[Outcome]:
        """Execute the script; see `Engine.run`.

        Raises EngineError also when k6 says that all went well but its summary is missing.
        """
        (job,) = jobs
        with (
            K6Log(job.log, job.secrets, watcher.line) as log,
            self._container(job) as made,
            contextlib.closing(self._attach(made)) as output,
        ):
            pump = LogPump(output, log.take)
            cpu = _CpuClock(self._daemon, made.name or "")
            started = time.monotonic()
            interrupted = False
            try:
                with docker_errors(f"start {self._image}"):
                    made.start()
                pump.start()
                self._watch(made, pump, cpu, started, watcher)
            except KeyboardInterrupt:
                if not pump.started:  # nothing ran yet: no summary to wait for
                    raise
                interrupted = True
                _stop(made, pump)
            with docker_errors("learn how k6 ended"):
                made.wait(timeout=_GRACE_S)
                made.reload()
            elapsed = time.monotonic() - started
            pump.join(_GRACE_S)
            code = self._exit_code(made, log)
            self._collect(made, job, code, interrupted)
        return [Outcome(code, elapsed, interrupted, cpu.seconds, log.exceptions, tuple(log.errors))]

    @contextlib.contextmanager
    def _container(self, job: Job) -> Iterator[Container]:
        script = _inside(job)
        environment = visible_from(self._daemon.reach, named_variables(job.folder, job.environment))
        address, network = self._network()
        command = run_arguments(
            f"{SCRIPTS}/{script}", f"{OUTPUT}/{_SUMMARY}", address, job.tags, job.arguments
        )
        labels = {"janbench.scenario": job.name, "janbench.run": job.tags.get("testid", "")}
        options = {**self._mount(job), **self._user(), **self._limits, **network}
        with container(
            self._daemon,
            self._image,
            command,
            labels,
            environment=environment,
            working_dir=OUTPUT,
            **options,
        ) as made:
            with docker_errors("prepare the container"):
                made.put_archive("/", output_folder())
                if self._daemon.remote:
                    made.put_archive("/", packed(job.folder))
            yield made

    def _attach(self, made: Container) -> Attached:
        with docker_errors("read k6's output"):
            return Attached(self._daemon, made)

    def _network(self) -> tuple[str, dict[str, Any]]:
        """Return k6's address for its REST API, and how the container is attached."""
        if self._daemon.reach is Reach.HOST:
            options: dict[str, Any] = {"network_mode": "host"}
            if self._daemon.userns:  # Docker refuses the host's network to remapped users
                options["userns_mode"] = "host"
            return free_address(), options
        return f"0.0.0.0:{_PORT}", {"ports": {f"{_PORT}/tcp": ("127.0.0.1", None)}}

    def _mount(self, job: Job) -> dict[str, Any]:
        if self._daemon.remote:
            return {}
        mode = "ro,z" if self._daemon.selinux else "ro"
        return {"volumes": {str(job.folder.resolve()): {"bind": SCRIPTS, "mode": mode}}}

    def _user(self) -> dict[str, Any]:
        """Let k6 read the mounted folder whatever its mode: it runs as the folder's owner."""
        if self._daemon.remote or not hasattr(os, "getuid"):
            return {}
        if self._daemon.rootless:  # there, the container's root is the user outside
            return {"user": "0:0"}
        return {"user": f"{os.getuid()}:{os.getgid()}"}

    def _watch(
        self, made: Container, pump: LogPump, cpu: _CpuClock, started: float, watcher: Watcher
    ) -> None:
        address = self._rest_address(made)
        previous: Progress | None = None
        while not pump.ended.wait(_PROGRESS_S):
            elapsed = time.monotonic() - started
            previous = read_progress(address, elapsed, previous) if address else Progress(elapsed)
            cpu.read()
            watcher.progress(previous)

    def _rest_address(self, made: Container) -> str:
        if self._daemon.remote:
            return ""
        with docker_errors("look at the container"):
            made.reload()
        if self._daemon.reach is Reach.HOST:
            command: list[str] = made.attrs["Config"]["Cmd"]
            return command[command.index("--address") + 1]
        bound = (made.attrs["NetworkSettings"]["Ports"] or {}).get(f"{_PORT}/tcp")
        return f"127.0.0.1:{bound[0]['HostPort']}" if bound else ""

    def _exit_code(self, made: Container, log: K6Log) -> int:
        state = made.attrs["State"]
        code = int(state["ExitCode"])
        if state.get("OOMKilled"):
            limit = self._limits.get("mem_limit", "that of the machine")
            message = (
                f"k6 ran out of memory and was killed (limit: {limit}). "
                "Raise --memory, or lower the rates."
            )
            log.take(json.dumps({"level": "error", "msg": message}))
        elif state.get("Error"):
            log.take(state["Error"])
        return 128 - code if code > 128 else code

    def _collect(self, made: Container, job: Job, code: int, interrupted: bool) -> None:
        with docker_errors("fetch the results from the container"):
            try:
                chunks, _ = made.get_archive(OUTPUT)
            except Exception as error:
                if not is_missing(error):
                    raise
                chunks = iter(())
            written = unpack(chunks, job.folder, {_SUMMARY: job.summary})
        if code == 0 and not interrupted and job.summary not in written:
            raise EngineError(
                f"k6 ended well in {self._image} but left no summary",
                where=str(job.log),
                hint="k6's log tells why; a full disk is the usual cause.",
            )


class _CpuClock:
    """What k6 has used of the processors, as far as Docker says."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self.seconds: float | None = None
        self._api = daemon.client.api
        self._name = name

    def read(self) -> None:
        """Ask Docker; it answers at once, but knows nothing of a container that has ended."""
        try:
            with docker_errors("read the container's figures"):
                stats: Any = self._api.stats(self._name, stream=False, one_shot=True)
            used = stats["cpu_stats"]["cpu_usage"]["total_usage"]
        except (EngineError, KeyError, TypeError):
            return
        self.seconds = used / 1e9 or self.seconds


def _limits(options: EngineOptions) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if options.cpus is not None:
        if options.cpus <= 0:
            raise ConfigError(f"--cpus must be greater than 0, not {options.cpus:g}")
        limits["nano_cpus"] = round(options.cpus * 1e9)
    if options.memory is not None:
        if not _MEMORY.match(options.memory):
            raise ConfigError(
                f"--memory {options.memory!r} is not a valid amount of memory",
                hint="For example: 512m, 2g",
            )
        # Without the second one, the container swaps instead of ending.
        limits["mem_limit"] = limits["memswap_limit"] = options.memory
    return limits


def _inside(job: Job) -> str:
    try:
        return job.script.resolve().relative_to(job.folder.resolve()).as_posix()
    except ValueError:
        raise EngineError(
            f"{job.script} is not in {job.folder}, the folder that the container gets"
        ) from None


def _stop(made: Container, pump: LogPump) -> None:
    """End k6 in an orderly way: SIGINT lets it write its summary, SIGKILL would not."""
    for signal, grace_s in (("SIGINT", _GRACE_S), ("SIGTERM", 5.0), ("SIGKILL", 5.0)):
        with docker_errors("stop k6"):
            try:
                made.kill(signal=signal)
            except Exception as error:
                made.reload()
                if made.status == "running":
                    raise error from None
        if pump.ended.wait(grace_s):
            return

"""A container of a pod: a local process with a log and a state."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.cluster.log import Log
from tests.cluster.place import Known, Place, expand, inherited
from tests.cluster.store import Body, now
from tests.docker_daemon import k6_binary

_PROGRAMS = {"janbench": [sys.executable, "-m", "janbench"]}


class Container:
    """One container; it can be started anew."""

    def __init__(self, spec: Body) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.sidecar = spec.get("restartPolicy") == "Always"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = Log()
        self.previous_log = Log()
        self.state: Body = {}
        self.ended = threading.Event()
        self.oom = False
        self._starts = 0
        self._started_at = ""

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """What it ended with; a signal's number plus 128."""
        terminated = self.state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])

    def wait_for(self, reason: str, message: str = "") -> None:
        """Set the reason for which it isn't started yet."""
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}

    def start(self, place: Place, known: Known) -> None:
        """Start the process; raises NotReadyError."""
        self._starts += 1
        environment = known.environment(self.spec.get("env") or [], place.uid)
        mounts = self.spec.get("volumeMounts") or []
        words = [*(self.spec.get("command") or []), *(self.spec.get("args") or [])]
        words = [place.rewrite(expand(str(word), environment), mounts) for word in words]
        values = {name: place.rewrite(value, mounts) for name, value in environment.items()}
        self.previous_log, self.log = self.log, Log()
        self.ended = threading.Event()
        try:
            process = _spawn(words, place.folder, {**inherited(), **values})
        except OSError as error:
            self._fail(f"exec: {words[0]!r}: {error.strerror}")
            return
        self.processes.append(process)
        self._started_at = now()
        self.state = {"running": {"startedAt": self._started_at}}
        threading.Thread(target=self._see_out, args=(process,), daemon=True).start()

    def signal(self, number: int) -> None:
        """Send a signal to its first process, as a kubelet does."""
        if self.running:
            self.processes[-1].send_signal(number)

    def kill(self) -> None:
        """End all of it at once."""
        for process in self.processes:
            if process.poll() is None:
                _kill_group(process)

    def stop(self, grace_s: float) -> None:
        """End it: SIGTERM and, after the grace, SIGKILL; returns when it has ended."""
        if not self.running:
            return
        if grace_s > 0:
            self.signal(signal.SIGTERM)
        if not self.ended.wait(grace_s):
            self.kill()
            self.ended.wait(5)

    def status(self) -> Body:
        """Return its entry in the pod's status."""
        return {
            "name": self.name,
            "image": self.spec.get("image", ""),
            "imageID": f"docker.io/{self.spec.get('image', '')}" if self.processes else "",
            "ready": self.running,
            "started": self.running,
            "restartCount": max(self._starts - 1, 0),
            "state": self.state,
            "lastState": {},
        }

    def _see_out(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        pump = threading.Thread(target=_copy, args=(process.stdout, self.log), daemon=True)
        pump.start()
        code = process.wait()
        _kill_group(process)
        pump.join(5)
        self._end(128 - code if code < 0 else code)

    def _end(self, code: int) -> None:
        reason = "OOMKilled" if self.oom else "Error" if code else "Completed"
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": reason,
                "startedAt": self._started_at,
                "finishedAt": now(),
            }
        }
        self.log.end()
        self.ended.set()

    def _fail(self, message: str) -> None:
        self.log.end()
        self.state = {"terminated": {"exitCode": 128, "reason": "StartError", "message": message}}
        self.ended.set()


def _spawn(
    words: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    programs: dict[str, list[str]] = {**_PROGRAMS, "k6": [str(k6_binary())]}
    return subprocess.Popen(
        [*programs.get(words[0], words[:1]), *words[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _copy(stream: IO[bytes], log: Log) -> None:
    with stream:
        for line in stream:
            log.write(line)


def _kill_group(process: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)

"""The one door to other programs: argument lists, never a shell; an orderly end for each."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from janbench.errors import EngineError

_GRACE_S = 10.0
_PR_SET_PDEATHSIG = 1

# Windows has no signals between processes but Ctrl-Break, which only a group of its own can be sent
# (k6 takes it for an interrupt), and an end without a word.
_CTRL_BREAK: int | None = getattr(signal, "CTRL_BREAK_EVENT", None)
_OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@dataclass(frozen=True)
class Completed:
    """A finished program: its exit code and what it wrote."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout_s: float = 60.0,
) -> Completed:
    """Run a program to its end; raises EngineError when it can't start or takes too long."""
    arguments = tuple(str(part) for part in command)
    running = _start(
        arguments,
        environment,
        folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with running:
        try:
            stdout, stderr = running.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise EngineError(
                f"{' '.join(arguments[:2])} gave no answer in {timeout_s:g} s"
            ) from None
        finally:
            running.kill()  # which does nothing to one that has ended
    return Completed(
        arguments,
        running.returncode,
        stdout.decode("utf-8", "replace"),
        stderr.decode("utf-8", "replace"),
    )


class Process:
    """A running program of ours, in a session (on Windows: a group) of its own: a Ctrl-C is for us.

    `line` gets each line of its output (both streams), in a thread. `hold_stdin` keeps a pipe to
    its standard input open: a program that watches it learns of our death, however that comes.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        line: Callable[[str], None] | None = None,
        hold_stdin: bool = False,
    ) -> None:
        self.command = tuple(str(part) for part in command)
        self.started = time.monotonic()
        self.cpu_s: float | None = None
        self._popen = _start(
            self.command,
            environment,
            folder,
            stdin=subprocess.PIPE if hold_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if line else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if line else subprocess.DEVNULL,
            start_new_session=True,
            creationflags=_OWN_GROUP,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self._reader: threading.Thread | None = None
        if line is not None:
            assert self._popen.stdout is not None
            self._reader = threading.Thread(
                target=_pump, args=(self._popen.stdout, line), daemon=True
            )
            self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal that killed it), None while it runs."""
        if self._popen.returncode is not None:
            return self._popen.returncode
        if not hasattr(os, "wait4"):
            return self._popen.poll()
        try:
            pid, status, usage = os.wait4(self._popen.pid, os.WNOHANG)
        except ChildProcessError:
            return self._popen.poll()
        if pid == 0:
            return None
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        return self._popen.returncode

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for its end; None when the time is over and it still runs."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause = 0.002
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                return None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        self._finish()
        return code

    def stop(self, grace_s: float = _GRACE_S) -> int:
        """End it: interrupt, then terminate, then kill; gives the exit code."""
        for end in (self._interrupt, self._popen.terminate, self._popen.kill):
            if (code := self.poll()) is not None:
                self._finish()
                return code
            # It may be gone by now, or have no console that a Ctrl-Break could come from.
            with contextlib.suppress(OSError):
                end()
            if (code := self.wait(grace_s)) is not None:
                return code
        raise EngineError(f"{self.command[0]} (process {self.pid}) can't be stopped")

    def _interrupt(self) -> None:
        """Ask it to end in order."""
        if _CTRL_BREAK is None:
            self._popen.send_signal(signal.SIGINT)
        elif self._popen.stdin is not None:
            self._popen.stdin.close()  # it watches that
        else:
            self._popen.send_signal(_CTRL_BREAK)

    def _finish(self) -> None:
        if self._reader is not None:
            self._reader.join(timeout=5)
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        if self._popen.stdout is not None:
            self._popen.stdout.close()


def _start(
    command: Sequence[str],
    environment: Mapping[str, str] | None,
    folder: Path | None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a program; a signal that comes meanwhile takes it down and is then heard.

    Python drops what a signal's handler raises in the middle of a fork: Ctrl-C would be lost.
    """
    came: list[int] = []
    try:
        with _signals_noted(came):
            started = subprocess.Popen(
                command,
                env=None if environment is None else dict(environment),
                cwd=folder,
                **options,
            )
    except OSError as error:
        if came:
            signal.raise_signal(came[0])
        raise EngineError(f"can't start {command[0]}: {error.strerror}") from None
    if came:
        with started:
            started.kill()
        signal.raise_signal(came[0])
    return started


@contextlib.contextmanager
def _signals_noted(came: list[int]) -> Iterator[None]:
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pump(stream: IO[bytes], line: Callable[[str], None]) -> None:
    for raw in stream:
        line(raw.decode("utf-8", "replace").rstrip("\r\n"))


def _die_with_parent() -> None:
    # Between fork and exec: the kernel ends the child when the parent dies without a word.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

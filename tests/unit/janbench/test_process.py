"""An orderly end for each program, also where there are no signals to ask for it: on Windows."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from janbench import process
from janbench.process import Process

READY = "print('ready', flush=True)\n"
AT_INTERRUPT = f"""
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
{READY}
time.sleep(60)
"""
AT_END_OF_STDIN = f"{READY}import sys\nsys.stdin.read()\nsys.exit(8)"
DEAF = f"""
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{READY}
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="plays Windows on another system")


def start(program: str, **options: Any) -> Process:
    lines: list[str] = []
    started = Process([sys.executable, "-c", program], line=lines.append, **options)
    while "ready" not in lines:
        assert started.wait(0.01) is None, lines
    return started


def test_an_interrupt_is_asked_for_first() -> None:
    assert start(AT_INTERRUPT).stop(20) == 7


def test_who_hears_nothing_is_killed() -> None:
    assert start(DEAF).stop(0.05) == -signal.SIGKILL


def test_who_is_gone_already_is_left_alone() -> None:
    started = Process([sys.executable, "-c", ""])
    assert started.wait(20) == 0
    assert started.stop() == 0


CTRL_C_IN_A_FORK = """
import os, signal, sys
from janbench.process import Process
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    Process([sys.executable, "-c", "import time; time.sleep(60)"])
except KeyboardInterrupt:
    os.execvp("pgrep", ["pgrep", "--count", "--parent", str(os.getpid())])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing of Python runs in a fork")
def test_a_ctrl_c_in_the_middle_of_a_start_is_heard_and_leaves_no_process() -> None:
    done = process.run([sys.executable, "-c", CTRL_C_IN_A_FORK])
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give Popen Windows's signals: only Ctrl-Break (here as SIGINT), and with a console alone."""

    def set_up(*, console: bool) -> None:
        def send_signal(popen: Any, number: int) -> None:
            if number != process._CTRL_BREAK:
                raise ValueError(f"Unsupported signal: {number}")
            if not console:
                raise OSError(6, "The handle is invalid")
            real(popen, signal.SIGINT)

        real = process.subprocess.Popen.send_signal  # type: ignore[attr-defined]
        kill = lambda popen: real(popen, signal.SIGKILL)  # noqa: E731
        monkeypatch.setattr(process, "_CTRL_BREAK", 1)
        monkeypatch.setattr("subprocess.Popen.send_signal", send_signal)
        monkeypatch.setattr("subprocess.Popen.terminate", kill)
        monkeypatch.setattr("subprocess.Popen.kill", kill)

    return set_up


def test_ctrl_break_interrupts_on_windows(windows: Callable[..., None]) -> None:
    windows(console=True)
    assert start(AT_INTERRUPT).stop(20) == 7


def test_a_program_that_watches_its_stdin_ends_by_that(windows: Callable[..., None]) -> None:
    windows(console=True)
    assert start(AT_END_OF_STDIN, hold_stdin=True).stop(20) == 8


def test_without_a_console_it_is_terminated(windows: Callable[..., None]) -> None:
    windows(console=False)
    assert start(AT_INTERRUPT).stop(0.05) == -signal.SIGKILL

"""What holds for every test: Ctrl-C reaches what it starts, and nothing of that outlives it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

# `nohup`, and a script's background jobs, start programs with SIGINT ignored, which their children
# inherit: a janbench started by a test would not hear Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _ends_what_it_started(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the programs that a failed test has left running: they would disturb the others."""
    started: list[subprocess.Popen[Any]] = []

    class Remembered(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Remembered)
    yield
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

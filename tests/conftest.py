"""What holds for every test: Ctrl-C reaches what it starts, and nothing of that outlives it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Generator, Iterator
from typing import Any

import pytest

# `nohup`, and a script's background jobs, start programs with SIGINT ignored, which their children
# inherit: a janbench started by a test would not hear Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on a test that it has failed, for the fixture below."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(autouse=True)
def _ends_what_it_started(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """End the programs that a failed test has left running: they would disturb the others."""
    started: list[subprocess.Popen[Any]] = []

    class Remembered(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Remembered)
    yield
    if not request.node.stash.get(_FAILED, False):
        return
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

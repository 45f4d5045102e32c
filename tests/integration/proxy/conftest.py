"""A real proxy process in front of a scripted target."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.proxy.scripted import Client, ScriptedServer


class Proxy:
    """A running `janbench proxy`."""

    def __init__(self, target: str, records: Path, *flags: str) -> None:
        self.records = records
        self.process = subprocess.Popen(
            [sys.executable, "-m", "janbench", "proxy", "--target", target, "--ready-json",
             "--records", str(records), "--exit-with-stdin", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.port: int = self.ready["port"]

    def client(self) -> Client:
        """Connect to it."""
        return Client(self.port, self.ready["host"])

    def rows(self) -> list[dict[str, Any]]:
        """Return the records that are on disk."""
        rows = []
        for path in sorted(self.records.glob("records-*.jsonl")):
            for line in path.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    rows.append(json.loads(line))
        return rows

    def row(self, path: str, timeout_s: float = 10) -> dict[str, Any]:
        """Wait for the last record of a path."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := [row for row in self.rows() if row["path"] == path]:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no record of {path}: {self.rows()}")

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop it by a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        return code

    @property
    def stats(self) -> dict[str, Any]:
        """What it says of itself."""
        found: dict[str, Any] = json.loads((self.records / "stats.json").read_text())
        return found


@pytest.fixture(scope="module")
def target() -> Iterator[ScriptedServer]:
    """A target that the tests of a module script, each with paths of its own."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(target: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy in front of the module's target."""
    running = Proxy(target.url, tmp_path_factory.mktemp("records"), "--stall-timeout", "0.5")
    yield running
    assert running.stop() == 0


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """Start proxies that end with the test."""
    running: list[Proxy] = []

    def start(url: str, *flags: str) -> Proxy:
        started = Proxy(url, tmp_path / f"records-of-{len(running)}", *flags)
        running.append(started)
        return started

    yield start
    for each in running:
        each.stop()

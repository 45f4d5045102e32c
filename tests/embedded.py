"""The embedded server in a process of its own, for any test that needs a target."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

_START_TIMEOUT_S = 30


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server."""

    base: str
    port: int
    process: subprocess.Popen[bytes]

    def truth(self, since: int = 0) -> list[dict[str, Any]]:
        """All rows of `/__truth` from index `since` on."""
        rows: list[dict[str, Any]] = []
        next_index: int | None = since
        while next_index is not None:
            reply = requests.get(f"{self.base}/__truth?since={next_index}", timeout=10)
            reply.raise_for_status()
            page = reply.json()
            rows += page["rows"]
            next_index = page["next"]
        return rows

    def clear_truth(self) -> None:
        """Forget the rows so far."""
        requests.delete(f"{self.base}/__truth", timeout=10).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """The answer of `/__stats`."""
        stats: dict[str, Any] = requests.get(f"{self.base}/__stats", timeout=10).json()
        return stats


@contextmanager
def embedded_server(*flags: str) -> Iterator[EmbeddedServer]:
    """Start `janbench serve` with `flags` on a free port; it ends with the block.

    It also ends with this process, whose end closes its stdin.
    """
    command = [sys.executable, "-m", "janbench", "serve", "--ready-json", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--exit-with-stdin", *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"the server ended with code {process.wait(_START_TIMEOUT_S)}"
        port = int(json.loads(line)["port"])
        yield EmbeddedServer(f"http://127.0.0.1:{port}", port, process)
    finally:
        process.stdin.close()
        try:
            process.wait(_START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

"""Debian's real Prometheus on a free loopback port, for tests that push to it and ask it."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from janbench import process

_START_S = 30.0


@dataclass(frozen=True)
class PrometheusServer:
    """A running server; `remote_write` is where k6 pushes to."""

    url: str

    @property
    def remote_write(self) -> str:
        """The receiver's URL."""
        return f"{self.url}/api/v1/write"


def promtool() -> str:
    """Return the path of promtool; skips the test where it isn't installed."""
    return _installed("promtool")


@contextmanager
def prometheus_server(
    rules: Path | None = None, *, evaluation_s: int = 1, web_config: Path | None = None
) -> Iterator[PrometheusServer]:
    """Start Prometheus with the remote-write receiver; it and its data go away with the block.

    `web_config` is Prometheus' own file for TLS and passwords. Skips the test where Prometheus
    isn't installed (Debian: `apt-get install --no-install-recommends prometheus`).
    """
    program = _installed("prometheus")
    with tempfile.TemporaryDirectory(prefix="janbench-prometheus-") as name:
        folder = Path(name)
        config = {
            "global": {"evaluation_interval": f"{evaluation_s}s"},
            "rule_files": [str(rules.resolve())] if rules else [],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        port = _free_port()
        lines: list[str] = []
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--enable-feature=native-histograms",
            *([f"--web.config.file={web_config}"] if web_config else []),
        ]
        child = process.Process(command, line=lines.append)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, child, lines)
            yield PrometheusServer(url)
        finally:
            child.stop()


def _wait_until_ready(url: str, child: process.Process, lines: list[str]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            break
        try:
            status = requests.get(f"{url}/-/ready", timeout=1).status_code
            # With `web_config` nobody gets in without a password: its log says when it is ready.
            if status == 200 or (status == 401 and any("Server is ready" in x for x in lines)):
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise RuntimeError("Prometheus didn't start:\n" + "\n".join(lines[-10:]))


def _installed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (Debian's package prometheus)")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

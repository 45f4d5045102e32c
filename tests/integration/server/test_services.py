"""Embedded server and timing proxy live alike: how they bind, say that they are ready, and end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

JANBENCH = (sys.executable, "-m", "janbench")
SERVICES = ("serve", "proxy")
TIMEOUT_S = 30


def _arguments(verb: str, host: str, port: int) -> list[str]:
    if verb == "serve":
        return ["serve", "--host", host, "--port", str(port)]
    return ["proxy", "--target", "http://127.0.0.1:1", "--listen", f"{host}:{port}"]


def _start(verb: str, host: str = "127.0.0.1") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*JANBENCH, *_arguments(verb, host, 0), "--ready-json", "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    line: dict[str, object] = json.loads(process.stdout.readline())
    return line


@pytest.mark.parametrize("verb", SERVICES)
def test_a_port_in_use(verb: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*JANBENCH, *_arguments(verb, "127.0.0.1", port)],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert f"port {port} is in use on 127.0.0.1" in done.stderr
    assert "free one" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
@pytest.mark.parametrize("verb", SERVICES)
def test_an_address_that_is_not_ours(verb: str, host: str) -> None:
    done = subprocess.run(
        [*JANBENCH, *_arguments(verb, host, 1)],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "can't listen there" in done.stderr or "unknown address" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", SERVICES)
def test_it_warns_when_other_machines_reach_it(verb: str) -> None:
    with _start(verb, "0.0.0.0") as process:
        _line(process)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert "0.0.0.0 can be reached from other machines" in errors
    with _start(verb) as process:
        _line(process)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert errors == ""


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "parent"])
@pytest.mark.parametrize("verb", SERVICES)
def test_how_it_ends(verb: str, end: str) -> None:
    with _start(verb) as process:
        ready = _line(process)
        assert set(ready) == {"event", "host", "port", "pid"}
        assert ready["pid"] == process.pid
        if end != "parent":
            process.send_signal(getattr(signal, end))
            assert process.wait(TIMEOUT_S) == 0
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0

"""Starting, stopping and refusing to start."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest
import requests

from janbench.server.faults import FAULTS
from tests.embedded import embedded_server
from tests.integration.server.conftest import guest
from tests.integration.server.wire import wire

SERVE = [sys.executable, "-m", "janbench", "serve"]
TIMEOUT_S = 30


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVE, *flags], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_with_streams_open(number: signal.Signals) -> None:
    with embedded_server("--ttft-ms", "60000") as server:
        api = guest(server)
        with wire(server.port) as connection:
            body = {"model": "jan-v1-4b", "stream": True, "messages": [{"role": "user"}]}
            connection.send("POST", "/v1/chat/completions", body, **api.headers)
            while server.stats()["active"] < 1:
                pass
            server.process.send_signal(number)
            assert server.process.wait(TIMEOUT_S) == 0
            assert connection.read_to_end() == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_it_ends_with_its_stdin() -> None:
    with embedded_server() as server:
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(TIMEOUT_S) == 0


def test_one_line_says_where_it_listens() -> None:
    process = subprocess.Popen(
        [*SERVE, "--ready-json", "--port", "0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready == {
        "event": "listening",
        "host": "127.0.0.1",
        "port": ready["port"],
        "pid": process.pid,
    }
    rest, errors = process.communicate(timeout=TIMEOUT_S)
    assert (rest, errors, process.returncode) == (b"", b"", 0)


def test_the_banner_says_that_it_is_no_model() -> None:
    with subprocess.Popen(
        [*SERVE, "--port", "0", "--exit-with-stdin", "--fault", "reset=0.1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.communicate(timeout=TIMEOUT_S)
    assert "http://127.0.0.1:" in lines[0]
    assert "Not a real model" in lines[1]
    assert "reset (10%)" in lines[3]
    assert "/__truth" in lines[4]


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert result.returncode == 3
    assert f"port {port} is in use" in result.stderr
    assert "--port 0" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--flavour", "jan-v9"), "unknown flavour 'jan-v9'"),
        (("--ttft-ms", "soon"), "--ttft-ms"),
        (("--itl-ms", "normal:1"), "normal takes mean, deviation"),
        (("--fault", "resett"), "Did you mean reset"),
        (("--fault", "reset=7"), "between 0 and 1"),
        (("--slots", "-1"), "--slots"),
        (("--port", "99999"), "--port"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
    ],
)
def test_what_cannot_work_is_explained(flags: tuple[str, str], message: str) -> None:
    result = run(*flags)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_the_faults_are_listed() -> None:
    result = run("--list-faults")
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(FAULTS)


def test_listening_beyond_loopback_warns() -> None:
    process = subprocess.Popen(
        [*SERVE, "--host", "0.0.0.0", "--port", "0", "--ready-json", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert "can be reached from other machines" in errors


def test_it_runs_on_plain_asyncio_where_uvloop_is_missing() -> None:
    code = (
        "import sys; sys.modules['uvloop'] = None; sys.argv = ['janbench', 'serve', "
        "'--ready-json', '--port', '0', '--exit-with-stdin', '--ttft-ms', '1', '--itl-ms', '1', "
        "'--tokens', '5', '--allow-fault-header']; from janbench.cli import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        base = f"http://127.0.0.1:{port}"
        assert requests.get(f"{base}/__stats", timeout=10).json()["event_loop"] == "asyncio"
        login = requests.post(f"{base}/v1/auth/guest-login", timeout=10).json()
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        body = {
            "model": "jan-v1-4b",
            "stream": True,
            "messages": [{"role": "user", "content": "hi"}],
        }
        url = f"{base}/v1/chat/completions"
        reply = requests.post(url, json=body, headers=headers, timeout=10)
        assert reply.content.endswith(b"data: [DONE]\n")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.post(url, json=body, headers=headers | {"x-fault": "reset"}, timeout=10)
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0


def test_ipv6_loopback() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    with subprocess.Popen(
        [*SERVE, "--host", "::1", "--port", "0", "--ready-json", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        assert requests.get(f"http://[::1]:{port}/healthcheck", timeout=10).json() == "ok"
        process.communicate(timeout=TIMEOUT_S)

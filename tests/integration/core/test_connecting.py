"""Certificates, keys and connections: the preflight, the timing proxy and k6 agree."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.integration.core.runs import janbench
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer
from tests.receivers import receiver

SCENARIO = """
scenarios:
  chat:
    target: {{flavour: openai, model: m}}
    connection: {connection}
    steps:
      - kind: chat
        lane: stream
        repeat: 3
        messages: [{{role: user, content: hi}}]
"""
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


async def _answer(request: Request, _: Reader, writer: Writer) -> None:
    models = request.target == "/v1/models"
    body = json.dumps({"object": "list", "data": [{"id": "m"}]}).encode() if models else STREAM
    kind = b"application/json" if models else b"text/event-stream"
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
        % (kind, len(body), body)
    )


def _server(tls: ssl.SSLContext | None = None) -> ScriptedServer:
    routes = dict.fromkeys(("/v1/models", "/v1/chat/completions"), _answer)
    return ScriptedServer(tls=tls, routes=dict(routes))


@dataclass(frozen=True)
class Secured:
    """A target with a certificate of an authority that nobody knows."""

    server: ScriptedServer
    ca_file: str


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Serve HTTPS on loopback."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with _server(context) as server:
        yield Secured(server, str(file))


def _scenario(folder: Path, connection: str = "reuse") -> None:
    (folder / "scenarios.yaml").write_text(SCENARIO.format(connection=connection))


@pytest.mark.parametrize("timing", ["proxy", "direct"])
@pytest.mark.parametrize("trusted", ["nobody", "file", "variable", "anybody"])
def test_certificates(trusted: str, timing: str, secured: Secured, tmp_path: Path) -> None:
    _scenario(tmp_path)
    flags = {"file": ["--ca-file", secured.ca_file], "anybody": ["--insecure-skip-tls-verify"]}
    extra = {"SSL_CERT_FILE": secured.ca_file} if trusted == "variable" else {}
    ran = janbench(
        tmp_path, "run", "chat", "--single", "--base", secured.server.url, "--timing", timing,
        *flags.get(trusted, []), extra=extra,
    )  # fmt: skip
    if trusted == "nobody":
        assert ran.code == 3
        assert "--ca-file" in ran.stdout
    else:
        assert ran.code == 0, ran.stdout
        assert ran.scenario["requests"]["completed"] == 3


def test_netrc_never_replaces_the_key(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password wrong\n")
    (tmp_path / ".netrc").chmod(0o600)
    _scenario(tmp_path)
    extra = {"API_KEY": "right-key", "HOME": str(tmp_path), "NETRC": str(tmp_path / ".netrc")}
    with receiver(body=b'{"object":"list","data":[{"id":"other"}]}') as target:
        janbench(tmp_path, "run", "chat", "--single", "--base", target.url, extra=extra)
        (request,) = target.requests
    assert request.headers["authorization"] == "Bearer right-key"


@pytest.mark.parametrize("verb", ["run", "proxy"])
def test_a_forward_proxy_is_refused_alike(verb: str, tmp_path: Path) -> None:
    _scenario(tmp_path)
    base = "http://api.example.com"
    arguments = ("proxy", "--target", base) if verb == "proxy" else ("run", "chat", "--base", base)
    ran = janbench(tmp_path, *arguments, extra={"HTTP_PROXY": "http://me:pw@127.0.0.1:9"})
    assert ran.code == 2
    assert "Add api.example.com to NO_PROXY" in ran.stderr
    assert "pw" not in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("base", "key", "words"),
    [
        ("http://[::1", "", "brackets"),
        ("http://127.0.0.1:1", "key-1234\n", "line break"),
        ("http://127.0.0.1:1", "ключ", "beyond ASCII"),
    ],
)
def test_what_can_never_work_is_said_at_once(
    base: str, key: str, words: str, tmp_path: Path
) -> None:
    _scenario(tmp_path)
    ran = janbench(tmp_path, "run", "chat", "--base", base, extra={"API_KEY": key})
    assert ran.code == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "1234" not in ran.stderr


@pytest.mark.parametrize("timing", ["proxy", "direct"])
@pytest.mark.parametrize(("connection", "connections"), [("reuse", 1), ("fresh", 3)])
def test_fresh_connections(connection: str, connections: int, timing: str, tmp_path: Path) -> None:
    _scenario(tmp_path, connection)
    with _server() as server:
        ran = janbench(
            tmp_path, "run", "chat", "--single", "--skip-preflight", "--timing", timing,
            "--base", server.url.replace("http:", "HTTP:"),
        )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    assert server.connections == connections


def test_a_preflight_is_bounded(tmp_path: Path) -> None:
    _scenario(tmp_path)
    with receiver(body=b" " * (17 << 20)) as target:
        ran = janbench(tmp_path, "run", "chat", "--base", target.url)
    assert ran.code == 3
    assert "answers with more than 16 MiB" in " ".join(ran.stdout.split())

    async def drip(_: Request, __: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _byte in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    with ScriptedServer(routes={"/v1/models": drip}) as server:
        started = time.monotonic()
        ran = janbench(tmp_path, "run", "chat", "--base", server.url)
    assert ran.code == 3
    assert "gave no answer in" in " ".join(ran.stdout.split())
    assert time.monotonic() - started < 15


def test_too_large_for_k6(tmp_path: Path) -> None:
    _scenario(tmp_path)
    with _server() as server:
        ran = janbench(
            tmp_path, "run", "chat", "--single", "--skip-preflight", "--base", server.url,
            extra={"JANBENCH_MAX_RESPONSE": "150"},
        )  # fmt: skip
        wrong = janbench(
            tmp_path, "run", "chat", "--base", server.url, extra={"JANBENCH_MAX_RESPONSE": "lots"}
        )
    assert ran.code == 1
    assert ran.scenario["stream_errors"] == {"too_large": 3}
    assert wrong.code == 2
    assert "JANBENCH_MAX_RESPONSE" in wrong.stderr

"""How much the proxy takes from either side, and for how long."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from janbench.proxy.message.limits import MAX_HEAD, MAX_HEADERS
from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer

CONTEXT = "x-janbench-context: step=a"
POST = {"method": "POST", "body": b'{"stream":true}'}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FRAME = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'


@pytest.fixture(scope="module")
def small(target: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that passes on 100 KiB at most."""
    running = Proxy(target.url, tmp_path_factory.mktemp("small"), "--max-response", "100k")
    yield running
    assert running.stop() == 0


def _sends(target: ScriptedServer, path: str, *pieces: bytes) -> None:
    async def answer(_: Request, __: Reader, writer: Writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()

    target.route(path)(answer)


@pytest.mark.parametrize(
    ("name", "coding", "body"),
    [
        ("endless", b"", FRAME + b": " + b"x" * 200_000),
        ("bomb", b"Content-Encoding: gzip\r\n", gzip.compress(FRAME * 20_000)),
        ("unreadable", b"Content-Encoding: br\r\n", b"\x0b" * 2_000),
    ],
)
def test_a_stream_that_is_too_large(
    name: str, coding: bytes, body: bytes, target: ScriptedServer, small: Proxy
) -> None:
    path = f"/stream-{name}"
    _sends(target, path, STREAM + coding + b"\r\n", body[: len(FRAME)], body[len(FRAME) :])
    with small.client() as client:
        answer = client.get(path, CONTEXT, **POST)  # type: ignore[arg-type]
    assert len(answer.body) < 110_000
    row = small.row(path)
    assert row["integrity"] == "too_large"
    assert row["detail"] == "the response is larger than 0.0976562 MiB"
    if name != "unreadable":
        tail = answer.body.rpartition(b": janbench ")[2]
        assert json.loads(tail)["integrity"] == "too_large"
        assert (row["content_events"] >= 1) == (name == "endless")


@pytest.mark.parametrize(
    ("name", "coding", "body"),
    [
        ("plain", b"", b" " * 200_000),
        ("bomb", b"Content-Encoding: gzip\r\n", gzip.compress(b" " * 2_000_000)),
        ("deflate", b"Content-Encoding: deflate\r\n", b"x" * 200_000),
    ],
)
def test_a_whole_answer_that_is_too_large(
    name: str, coding: bytes, body: bytes, target: ScriptedServer, small: Proxy
) -> None:
    path = f"/whole-{name}"
    _sends(target, path, WHOLE + coding + b"\r\n", body)
    with small.client() as client:
        assert not client.get(path, **POST).ended  # type: ignore[arg-type]
    if name != "deflate":  # which is broken from its first byte
        assert small.row(path)["integrity"] == "too_large"


def test_a_length_that_is_too_large_is_refused_at_once(
    target: ScriptedServer, small: Proxy
) -> None:
    _sends(target, "/announced", WHOLE + b"Content-Length: 300000\r\n\r\n", b" " * 1_000)
    with small.client() as client:
        answer = client.get("/announced", **POST)  # type: ignore[arg-type]
    assert answer.status == 502
    assert json.loads(answer.body)["error"]["cause"] == "too_large"
    assert small.row("/announced")["integrity"] == "too_large"


def test_what_fits_passes(target: ScriptedServer, small: Proxy) -> None:
    body = b" " * 102_400
    _sends(target, "/fits", WHOLE + b"Content-Length: 102400\r\n\r\n", body)
    _sends(target, "/fits-packed", WHOLE + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(body))
    with small.client() as client:
        assert client.get("/fits").body == body
    with small.client() as client:
        assert gzip.decompress(client.get("/fits-packed").body) == body
    assert small.row("/fits")["integrity"] == small.row("/fits-packed")["integrity"] == "ok"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("many", b"".join(b"a%d: b\r\n" % n for n in range(MAX_HEADERS + 1))),
        ("long", b"a: " + b"x" * (2 * MAX_HEAD) + b"\r\n"),
        ("endless", b"a: " + b"x" * (2 * MAX_HEAD)),
    ],
)
def test_heads_that_are_too_large(
    name: str, head: bytes, target: ScriptedServer, small: Proxy
) -> None:
    _sends(target, f"/head-{name}", b"HTTP/1.1 200 OK\r\n", head, b"\r\nHi")
    with small.client() as client:
        answer = client.get(f"/head-{name}")
        assert answer.status == 502
        assert b"too many headers" in answer.body or b"too large" in answer.body
    with small.client() as client:
        client.send(b"GET / HTTP/1.1\r\n" + head + b"\r\n")
        assert client.answer().status == 431


def test_trailers_that_are_too_large(target: ScriptedServer, small: Proxy) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nHi\r\n"
    _sends(target, "/trailers", chunked + b"0\r\nx: ", b"y" * (2 * MAX_HEAD))
    with small.client() as client:
        assert not client.get("/trailers").ended
    assert small.row("/trailers")["integrity"] == "truncated"


SLOW = ("--head-timeout", "0.5", "--idle-timeout", "1.5")


def test_slow_heads_and_silent_connections_end(
    target: ScriptedServer, start_proxy: Callable[..., Proxy], tmp_path: Path
) -> None:
    async def half_a_head(_: Request, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-")
        await reader.read()

    target.route("/half")(half_a_head)
    proxy = start_proxy(target.url, *SLOW)
    with proxy.client() as silent, proxy.client() as slow, proxy.client() as client:
        slow.send(b"GET / HTTP/1.1\r\nHo")
        answer = client.get("/half")
        assert answer.status == 504
        assert b"head_timeout" in answer.body
        assert slow.answer().status == 408
        assert _ended(silent.socket)
    assert proxy.row("/half")["integrity"] == "timeout"


def _ended(connection: socket.socket) -> bool:
    connection.settimeout(10)
    started = time.monotonic()
    return connection.recv(1) == b"" and time.monotonic() - started < 9

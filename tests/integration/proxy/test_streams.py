"""Event streams: timing, the tail, holding back, and what plain clients see."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer
from tests.stream_frames import CHAT, FINISH, JAN_CHAT, ROLE, WORDS, chat, sse, usage

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-ID: r-7\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
CONTEXT = "x-janbench-context: scenario=s&step=chat&lane=stream&vu=1&iter=2&end=done"
LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def tail_of(body: bytes) -> dict[str, Any]:
    """The tail is the last line but for the blank one, and a comment of its own."""
    line = body.split(b"\n")[-3]
    assert body.endswith(b"\n\n")
    assert line.startswith(b": janbench ")
    tail: dict[str, Any] = json.loads(line[len(b": janbench ") :])
    return tail


def test_times_agree_with_the_server_s_own(target: ScriptedServer, proxy: Proxy) -> None:
    """Loopback adds little; on a busy machine the bounds are generous."""
    sent: list[float] = []

    @target.route("/timed")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        begun = time.perf_counter()
        writer.write(HEAD + chunk(sse(ROLE)))
        for word in WORDS:
            await writer.drain()
            await asyncio.sleep(0.05)
            sent.append((time.perf_counter() - begun) * 1000)
            writer.write(chunk(sse(word)))
        await asyncio.sleep(0.05)
        writer.write(chunk(sse(FINISH, usage(), "[DONE]")) + LAST)

    with proxy.client() as client:
        body = client.get("/timed", CONTEXT, method="POST", body=b'{"stream":true}').body
    tail = tail_of(body)
    assert tail["ttft_ms"] == pytest.approx(sent[0], abs=25)
    assert tail["ttfb_ms"] <= tail["first_event_ms"] < tail["ttft_ms"] - 20
    assert tail["e2e_ms"] == pytest.approx(sent[-1], abs=25)
    assert tail["finalize_ms"] >= 20
    assert tail["itl_mean_ms"] == pytest.approx((sent[-1] - sent[0]) / 2, abs=15)
    assert tail["itl_max_ms"] >= tail["itl_mean_ms"]
    assert tail["tpot_ms"] == pytest.approx(tail["itl_mean_ms"], abs=0.01)
    same = {
        "v": 1, "request_id": "r-7", "ttft_visible_ms": tail["ttft_ms"], "input_tokens": 20,
        "output_tokens": 3, "tokens_source": "usage", "content_events": 3, "integrity": "ok",
        "finish_reason": "stop",
    }  # fmt: skip
    assert same.items() <= tail.items()
    row = proxy.row("/timed")
    assert sum(row["gaps_ms"]) == pytest.approx(tail["itl_mean_ms"] * 2, abs=0.01)
    assert row["stream"] is True
    keys = set(tail) - {"v", "itl_mean_ms", "itl_max_ms"}
    assert {key: tail[key] for key in keys} == {key: row[key] for key in keys}


@pytest.mark.parametrize("body", [CHAT, JAN_CHAT, JAN_CHAT[:-1], b": only a comment\n\n"])
def test_the_tail_follows_the_unchanged_body(
    target: ScriptedServer, proxy: Proxy, body: bytes
) -> None:
    @target.route("/tail")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(body) + LAST)

    with proxy.client() as client:
        plain = client.get("/tail")
        with_tail = client.get("/tail", CONTEXT)
        again = client.get("/tail")
    assert plain.body == again.body == body
    assert with_tail.ended
    added = with_tail.body.removeprefix(body)
    assert added.startswith(b": janbench " if body.endswith(b"\n") else b"\n: janbench ")
    tail_of(with_tail.body)


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(CHAT)),
        HEAD.replace(b"Transfer-Encoding: chunked", b"Connection: close"),
    ],
    ids=["length", "until close"],
)
def test_other_framings_of_a_stream(target: ScriptedServer, proxy: Proxy, head: bytes) -> None:
    @target.route("/framing")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(head + CHAT)
        if b"close" in head:
            writer.close()

    with proxy.client() as client:
        for _ in range(2):
            answer = client.get("/framing", CONTEXT)
            assert answer.ended
            assert answer.body.startswith(CHAT)
            assert answer.header("content-length") == []
            assert tail_of(answer.body)["integrity"] == "ok"


def test_a_script_may_do_without_the_body(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/only")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(CHAT) + LAST)

    with proxy.client() as client:
        body = client.get("/only", CONTEXT + "&body=tail").body
    assert body.startswith(b": janbench {")
    assert tail_of(body)["content_events"] == 3
    assert proxy.row("/only")["bytes_received"] == len(CHAT)


def test_headers_come_at_once_and_the_body_at_the_end(target: ScriptedServer, proxy: Proxy) -> None:
    go_on = threading.Event()

    @target.route("/held")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD)
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(chunk(sse(*WORDS)))
        await writer.drain()
        await asyncio.to_thread(go_on.wait, 10)
        writer.write(chunk(sse(FINISH, "[DONE]")) + LAST)

    with proxy.client() as script, proxy.client() as plain:
        script.send(f"GET /held HTTP/1.1\r\nHost: x\r\n{CONTEXT}\r\n\r\n".encode())
        assert script.head().startswith(b"HTTP/1.1 200")
        plain.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.head()
        assert plain._file.readline()  # a plain client gets each chunk as it comes
        assert b"Hel" in plain._file.readline()
        script.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            script.socket.recv(1)
        script.socket.settimeout(20)
        go_on.set()
        rest = b""
        while not rest.endswith(LAST):
            rest += script.socket.recv(65536)
    assert rest.count(b"data: ") == 5
    assert b'"content_events":3' in rest


def test_a_long_stream_is_passed_on_in_blocks(target: ScriptedServer, proxy: Proxy) -> None:
    event = sse(chat(content="x" * 1000))

    @target.route("/long")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD)
        for _ in range(500):
            writer.write(chunk(event))
        writer.write(chunk(sse(FINISH, "[DONE]")) + LAST)

    with proxy.client() as client:
        body = client.get("/long", CONTEXT).body
    assert body.startswith(event * 500)
    assert tail_of(body)["content_events"] == 500
    assert len(proxy.row("/long")["gaps_ms"]) == 499


def test_streams_are_asked_for_as_they_are(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/encoding")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    gzip = "Accept-Encoding: gzip"
    with proxy.client() as client:
        client.get("/encoding", gzip, method="POST", body=b'{"stream": true}')
        client.get("/encoding", gzip, "Accept: text/event-stream")
        client.get("/encoding", gzip, CONTEXT, method="POST", body=b"{}")
        client.get("/encoding", gzip)
    asked = [request.header("accept-encoding") for request in target.seen("/encoding")]
    assert asked == [["identity"]] * 3 + [["gzip"]]


def test_an_error_status_with_events(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/error-status")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        frame = sse({"error": {"message": "secret text", "code": "overloaded"}})
        writer.write(HEAD.replace(b"200 OK", b"503 Busy") + chunk(frame) + LAST)

    with proxy.client() as client:
        answer = client.get("/error-status", CONTEXT)
    assert answer.status == 503
    assert tail_of(answer.body)["integrity"] == "http_error"


def test_no_secret_reaches_a_record(target: ScriptedServer, proxy: Proxy) -> None:
    secret = "hunter2"

    @target.route("/secrets")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        head = HEAD.replace(b"X-Request-ID: r-7", b"Set-Cookie: token=hunter2")
        frames = sse(chat(content=secret), {"error": {"message": secret, "code": secret + "-1"}})
        writer.write(head + chunk(frames) + LAST)

    with proxy.client() as client:
        client.get(
            f"/secrets?key={secret}", CONTEXT, f"Authorization: Bearer {secret}",
            f"Cookie: a={secret}", method="POST", body=secret.encode(),
        )  # fmt: skip
    assert proxy.row("/secrets")["integrity"] == "in_band_error"
    assert secret not in json.dumps(proxy.rows())

"""HTTP/1.1 as clients and servers use it goes through unchanged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Client, Reader, Request, ScriptedServer, Writer


def answers(target: ScriptedServer, path: str, raw: bytes, *, close: bool = False) -> None:
    @target.route(path)
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(raw)
        if close:
            writer.close()


RESPONSES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n"
    ),
    "no reason": b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
    "odd reason": b"HTTP/1.1 418 I'm a teapot!\r\nContent-Length: 0\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    "304": b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
    "several": (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nX-Dup: 1\r\nset-cookie: b=2\r\nX-Dup: 2\r\n"
        b"Set-Cookie: c=3\r\nContent-Length: 0\r\n\r\n"
    ),
    "gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n"
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KLJ\x06\x00\xc2A$5\x03\x00\x00\x00"
    ),
    "latin-1": b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 0\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_the_same_through_the_proxy(
    target: ScriptedServer, proxy: Proxy, name: str
) -> None:
    path = f"/same/{name.replace(' ', '-')}"
    answers(target, path, RESPONSES[name])
    with Client(target.port) as direct, proxy.client() as proxied:
        for _ in range(2):  # keep-alive on both sides
            wanted, got = direct.get(path), proxied.get(path)
            assert got == wanted
    assert len({r.connection for r in target.seen(path)[1::2]}) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_methods_and_bodies(target: ScriptedServer, proxy: Proxy, method: str) -> None:
    answers(target, "/method", RESPONSES["length"])
    body = b"\x00binary\xff" if method in ("POST", "PUT", "PATCH") else b""
    with proxy.client() as client:
        assert client.get("/method", method=method, body=body).body == b"abc"
    request = target.seen("/method")[-1]
    assert (request.method, request.body) == (method, body)


def test_the_request_arrives_unchanged_but_for_the_connection(
    target: ScriptedServer, proxy: Proxy
) -> None:
    answers(target, "/a%2Fb/%7Ec;d", RESPONSES["length"])
    with proxy.client() as client:
        client.get(
            "/a%2Fb/%7Ec;d?q=%20+%zz&q=&!",
            "X-Dup: 1", "x-dup: 2", "Cookie: a=b", "Authorization: Bearer t",
            "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: 1", "TE: trailers",
            "x-janbench-context: vu=1", "X-Janbench-Else: 1", "Accept-Encoding: gzip",
        )  # fmt: skip
    request = target.seen("/a%2Fb/%7Ec;d")[-1]
    assert request.head.decode("latin-1").split("\r\n") == [
        "GET /a%2Fb/%7Ec;d?q=%20+%zz&q=&! HTTP/1.1", f"Host: 127.0.0.1:{target.port}",
        "X-Dup: 1", "x-dup: 2", "Cookie: a=b", "Authorization: Bearer t",
        "Accept-Encoding: gzip", "", "",
    ]  # fmt: skip


def test_head_has_no_body_and_keeps_the_connection(target: ScriptedServer, proxy: Proxy) -> None:
    answers(target, "/head", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    answers(target, "/head/chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    answers(target, "/after", RESPONSES["length"])
    with proxy.client() as client:
        assert client.get("/head", method="HEAD").header("content-length") == ["1000"]
        assert client.get("/after").body == b"abc"
        chunked = client.get("/head/chunked", method="HEAD")
        assert chunked.header("transfer-encoding") == ["chunked"]
        assert client.get("/after").body == b"abc"


def test_a_body_up_to_the_end_of_the_connection(target: ScriptedServer, proxy: Proxy) -> None:
    answers(target, "/until-close", b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nall of it", close=True)
    with proxy.client() as client:
        first, second = client.get("/until-close"), client.get("/until-close")
    assert first.body == second.body == b"all of it"
    assert first.ended
    assert first.header("transfer-encoding") == ["chunked"]  # so that the client sees the end
    assert proxy.row("/until-close")["integrity"] == "ok"


def test_http_1_0_client(target: ScriptedServer, proxy: Proxy) -> None:
    answers(target, "/old", RESPONSES["chunked"])
    with proxy.client() as client:
        client.send(b"GET /old HTTP/1.0\r\n\r\n")
        answer = client.answer()
        assert (answer.body, answer.header("transfer-encoding")) == (b"abcde", [])
        assert client.head() == b""


def test_expect_continue_and_interim_responses(target: ScriptedServer, proxy: Proxy) -> None:
    answers(target, "/continue", RESPONSES["length"])
    with proxy.client() as client:
        client.send(
            b"POST /continue HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: 4\r\n\r\n"
        )
        assert client.head() == b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
        client.send(b"body")
        assert client.answer().body == b"abc"
    assert target.seen("/continue")[-1].body == b"body"


def test_chunked_request_with_trailers(target: ScriptedServer, proxy: Proxy) -> None:
    answers(target, "/chunked-request", RESPONSES["length"])
    with proxy.client() as client:
        client.send(
            b"POST /chunked-request HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        client.send(b"3\r\nabc\r\n")
        client.send(b"2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
        assert client.answer().status == 200
    request = target.seen("/chunked-request")[-1]
    assert (request.body, request.trailers) == (b"abcde", b"X-Sum: 5\r\n")
    assert proxy.row("/chunked-request")["bytes_sent"] == 5


def test_trailers_of_a_response(target: ScriptedServer, proxy: Proxy) -> None:
    answers(
        target,
        "/trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n",
    )
    with proxy.client() as client:
        answer = client.get("/trailers")
    assert (answer.body, answer.trailers) == (b"abc", b"X-Sum: 3\r\n")
    assert answer.header("trailer") == ["X-Sum"]


def test_pipelined_requests_are_answered_in_order(target: ScriptedServer, proxy: Proxy) -> None:
    for number in range(3):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number
        answers(target, f"/pipe/{number}", raw)
    with proxy.client() as client:
        client.send(b"".join(b"GET /pipe/%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(3)))
        assert [client.answer().body for _ in range(3)] == [b"0", b"1", b"2"]


def test_large_bodies_pass_with_bounded_memory(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    """100 MiB each way, with a client that starts to read late: backpressure holds both sides."""
    size = 100 << 20
    proxy = start_proxy(target.url, "--max-response", "1g")
    piece = bytes(range(256)) * 4096
    released = threading.Event()

    @target.route("/raw/large")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        await asyncio.to_thread(released.wait, 20)
        left = size
        while left:
            left -= len(await reader.read(min(left, 1 << 20)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()

    before = memory_mb(proxy.process.pid)
    with proxy.client() as client:

        def upload() -> None:
            client.send(b"PUT /raw/large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(piece)):
                client.send(piece)

        sending = threading.Thread(target=upload)
        sending.start()
        released.set()
        sending.join(30)
        answer = client.answer()
    assert answer.ended
    assert answer.body == piece * (size // len(piece))
    assert memory_mb(proxy.process.pid) - before < 20
    row = proxy.row("/raw/large")
    assert (row["bytes_sent"], row["bytes_received"]) == (size, size)


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def test_requests_library_sees_the_same(target: ScriptedServer, proxy: Proxy) -> None:
    """The differential test: the same requests directly and through the proxy."""
    for name, raw in RESPONSES.items():
        answers(target, f"/diff/{name.replace(' ', '-')}", raw)
    with requests.Session() as direct, requests.Session() as proxied:
        for name in RESPONSES:
            path = f"/diff/{name.replace(' ', '-')}"
            for method in ("GET", "POST"):
                seen = [
                    session.request(
                        method, f"http://127.0.0.1:{port}{path}?a=%20&b=1", data="x=1", timeout=20
                    )
                    for session, port in ((direct, target.port), (proxied, proxy.port))
                ]
                assert seen[0].status_code == seen[1].status_code
                assert seen[0].reason == seen[1].reason
                assert dict(seen[0].raw.headers) == dict(seen[1].raw.headers)
                assert seen[0].content == seen[1].content
        assert (
            direct.cookies.get_dict()
            == proxied.cookies.get_dict()
            == {"a": "1", "b": "2", "c": "3"}
        )


def test_the_target_s_prefix_is_put_before_each_path(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    answers(target, "/api/v1/x", RESPONSES["length"])
    prefixed = start_proxy(f"{target.url}/api/")
    with prefixed.client() as client:
        assert client.get("/v1/x?a").body == b"abc"
        assert client.get("http://any.where/v1/x").body == b"abc"
    assert prefixed.row("/v1/x")["status"] == 200


def test_usage_of_a_plain_reply_is_recorded(target: ScriptedServer, proxy: Proxy) -> None:
    body = (
        b'{"choices":[{"finish_reason":"length"}],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":7}}'
    )
    answers(
        target,
        "/plain",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: r1\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
    )
    with proxy.client() as client:
        context = "x-janbench-context: scenario=s&step=c&lane=nonstream&vu=1&iter=2&name=n&prompt=p"
        assert client.get("/plain?token=secret", context, method="POST", body=b"{}").body == body
    row = proxy.row("/plain")
    wanted = {
        "scenario": "s", "step": "c", "lane": "nonstream", "vu": 1, "iteration": 2, "name": "n",
        "prompt": "p", "method": "POST", "path": "/plain", "status": 200, "origin": "target",
        "integrity": "ok", "stream": False, "bytes_sent": 2, "bytes_received": len(body),
        "input_tokens": 5, "output_tokens": 7, "tokens_source": "usage", "finish_reason": "length",
        "request_id": "r1",
    }  # fmt: skip
    assert wanted.items() <= row.items()
    times = {"time", "start_ns", "ttfb_ms", "e2e_ms"}
    assert set(row) - set(wanted) - {"proxy_before_ms"} == times  # that one on Linux
    assert 0 < row["ttfb_ms"] <= row["e2e_ms"]

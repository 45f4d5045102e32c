"""Everything that can go wrong on either side ends in one clear answer and one record."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable

import pytest

from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Client, Reader, Request, ScriptedServer, Writer, reset
from tests.integration.proxy.test_streams import CONTEXT, HEAD, LAST, chunk, tail_of
from tests.stream_frames import CHAT, FINISH, WORDS, sse

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_target_refuses(start_proxy: Callable[..., Proxy]) -> None:
    proxy = start_proxy(f"http://127.0.0.1:{refused_port()}")
    with proxy.client() as client:
        first = client.get("/x", CONTEXT, method="POST", body=b'{"stream":true}')
        assert client.get("/y").status == 502  # the client's connection stays usable
        assert client.get("/z", method="HEAD").status == 502
    assert first.status == 502
    assert first.header("x-janbench-error") == ["connect_refused"]
    assert b'"type":"janbench_proxy","cause":"connect_refused","message":' in first.body
    row = proxy.row("/x")
    assert (row["origin"], row["status"], row["integrity"]) == ("proxy", 502, "http_error")
    assert row["detail"].startswith("connect_refused: ")
    assert row["stream"] is True


def test_target_name_is_unknown(start_proxy: Callable[..., Proxy]) -> None:
    proxy = start_proxy("http://no-such-host.invalid")
    with proxy.client() as client:
        answer = client.get("/x")
    assert (answer.status, answer.header("x-janbench-error")) == (502, ["dns"])


def test_target_does_not_accept(start_proxy: Callable[..., Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = []
        for _ in range(4):  # the backlog is full: further handshakes get no answer
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        proxy = start_proxy(f"http://127.0.0.1:{port}", "--connect-timeout", "0.3")
        with proxy.client() as client:
            answer = client.get("/x")
        for filler in fillers:
            filler.close()
    assert (answer.status, answer.header("x-janbench-error")) == (504, ["connect_timeout"])
    assert proxy.row("/x")["integrity"] == "timeout"


def test_tls_target(start_proxy: Callable[..., Proxy], tmp_path: object) -> None:
    trustme = pytest.importorskip("trustme")
    import ssl
    from pathlib import Path

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file = Path(str(tmp_path)) / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with ScriptedServer(tls=context) as target:
        url = target.url.replace("127.0.0.1", "localhost")

        @target.route("/x")
        async def handler(request: Request, reader: Reader, writer: Writer) -> None:
            writer.write(HEAD + chunk(CHAT) + LAST)

        trusting = start_proxy(url, "--ca-file", str(ca_file))
        with trusting.client() as client:
            assert tail_of(client.get("/x", CONTEXT).body)["integrity"] == "ok"
            assert client.get("/x").body == CHAT
        assert len({request.connection for request in target.seen("/x")}) == 1
        distrusting = start_proxy(url)
        with distrusting.client() as client:
            answer = client.get("/x")
        assert (answer.status, answer.header("x-janbench-error")) == (502, ["tls"])
        careless = start_proxy(target.url, "--insecure-skip-tls-verify")
        with careless.client() as client:
            assert client.get("/x").body == CHAT


def test_plain_text_where_tls_is_expected(start_proxy: Callable[..., Proxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer_in_plain_text() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer_in_plain_text)
        thread.start()
        proxy = start_proxy(f"https://127.0.0.1:{plain.getsockname()[1]}")
        with proxy.client() as client:
            answer = client.get("/x")
        thread.join(10)
    assert (answer.status, answer.header("x-janbench-error")) == (502, ["tls"])


def test_ipv6(start_proxy: Callable[..., Proxy]) -> None:
    try:
        server = ScriptedServer(host="::1").__enter__()
    except AssertionError:
        pytest.skip("no IPv6 here")
    try:

        @server.route("/x")
        async def handler(request: Request, reader: Reader, writer: Writer) -> None:
            writer.write(OK)

        proxy = start_proxy(server.url, "--listen", "[::1]:0")
        with proxy.client() as client:
            assert client.get("/x").body == b"ok"
        assert server.seen("/x")[0].header("host") == [f"[::1]:{server.port}"]
    finally:
        server.__exit__()


@pytest.mark.parametrize(
    ("raw", "how", "cause"),
    [
        (b"", "close", "closed"),
        (b"", "reset", "reset"),
        (b"SSH-2.0-OpenSSH\r\n", "keep", "bad_response"),
        (b"HTTP/1.1 200 O", "close", "closed"),
        (b"HTTP/1.1 200 OK\r\nX-A: 1\r\n", "reset", "reset"),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "keep",
         "bad_response"),
    ],
)  # fmt: skip
def test_no_response(
    target: ScriptedServer, proxy: Proxy, raw: bytes, how: str, cause: str
) -> None:
    @target.route("/none")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(raw)
        await writer.drain()
        if how == "reset":
            await asyncio.sleep(0.02)  # or the bytes before would be lost with it
            reset(writer)
        elif how == "close":
            writer.close()

    with proxy.client() as client:
        answer = client.get("/none")
    assert (answer.status, answer.header("x-janbench-error")) == (502, [cause])
    deadline = time.monotonic() + 5
    while proxy.row("/none")["detail"].partition(":")[0] != cause and time.monotonic() < deadline:
        time.sleep(0.02)
    row = proxy.row("/none")
    assert (row["origin"], row["integrity"]) == ("proxy", "http_error")
    assert row["detail"].startswith(f"{cause}: ")


BREAKS = {
    "reset": (HEAD + chunk(sse(*WORDS)), "reset", "the target reset the connection"),
    "early close": (HEAD + chunk(sse(*WORDS)), "close", "the target closed the connection"),
    "close in a chunk": (HEAD + b"fff\r\n" + sse(*WORDS), "close", "closed the connection"),
    "close short of the length": (
        HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: 5000") + sse(*WORDS),
        "close",
        "closed the connection",
    ),
    "half close": (HEAD + chunk(sse(*WORDS)), "half", "the target closed the connection"),
    "garbage": (HEAD + chunk(sse(*WORDS)) + b"zz\r\n", "keep", "not HTTP"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_stream_breaks(target: ScriptedServer, proxy: Proxy, name: str) -> None:
    """The script learns the class from the tail; a plain client sees the break itself."""
    raw, how, detail = BREAKS[name]
    path = f"/break/{name.replace(' ', '-')}"

    @target.route(path)
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(raw)
        await writer.drain()
        await asyncio.sleep(0.05)
        if how == "reset":
            reset(writer)
        elif how == "half":
            writer.write_eof()
            await reader.read()
        elif how == "close":
            writer.close()

    with proxy.client() as script:
        answer = script.get(path, CONTEXT)
        tail = tail_of(answer.body)
        assert answer.ended
        assert (tail["integrity"], tail["content_events"]) == ("truncated", 3)
        assert detail in tail["detail"]
        assert tail["e2e_ms"] < 45
    with proxy.client() as plain:
        answer = plain.get(path)
        assert not answer.ended
        assert answer.body == sse(*WORDS)
    assert proxy.row(path)["integrity"] == "truncated"


def test_a_plain_reply_breaks(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/short")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        await writer.drain()
        writer.close()

    with proxy.client() as client:
        answer = client.get("/short")
    assert (answer.body, answer.ended) == (b"abc", False)
    row = proxy.row("/short")
    assert (row["integrity"], row["status"], row["origin"]) == ("truncated", 200, "target")
    assert "e2e_ms" not in row


def test_a_stream_stalls(target: ScriptedServer, proxy: Proxy) -> None:
    """The proxy of these tests waits for 0.5 s."""
    gone = threading.Event()

    @target.route("/stall")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(sse(*WORDS)))
        await writer.drain()
        if not await reader.read():
            gone.set()

    with proxy.client() as client:
        tail = tail_of(client.get("/stall", CONTEXT).body)
    assert (tail["integrity"], tail["detail"]) == ("stalled", "nothing arrived for 0.5 s")
    assert gone.wait(5)


@pytest.mark.parametrize("headers_first", [True, False])
def test_the_client_gives_up(target: ScriptedServer, proxy: Proxy, headers_first: bool) -> None:
    """The target's work ends too, and the record says who ended it."""
    arrived, gone = threading.Event(), threading.Event()
    path = f"/gone/{headers_first}"

    @target.route(path)
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        if headers_first:
            writer.write(HEAD + chunk(sse(*WORDS)))
            await writer.drain()
        arrived.set()
        if not await reader.read():
            gone.set()

    with proxy.client() as client:
        client.send(
            f"POST {path} HTTP/1.1\r\nHost: x\r\n{CONTEXT}\r\nContent-Length: 15\r\n\r\n"
            '{"stream":true}'.encode()
        )
        if headers_first:
            client.head()
        assert arrived.wait(5)
    assert gone.wait(5)
    row = proxy.row(path)
    assert (row["integrity"], row["stream"]) == ("timeout", True)
    assert row["detail"].startswith("the client gave up after ")
    assert ("status" in row) == headers_first


def test_a_slow_client_slows_the_target_not_the_memory(
    target: ScriptedServer, proxy: Proxy
) -> None:
    size = 30 << 20
    sent = 0

    @target.route("/slow")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            writer.write(bytes(1 << 16))
            await writer.drain()
            sent += 1 << 16

    with proxy.client() as client:
        client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        last, deadline = -1, time.monotonic() + 5
        while sent != last and time.monotonic() < deadline:  # until nothing moves any more
            last = sent
            time.sleep(0.1)
        assert last < size
        assert len(client._file.read(size)) == size
    assert proxy.row("/slow")["bytes_received"] == size


def test_a_stale_connection_is_replaced_unnoticed(target: ScriptedServer, proxy: Proxy) -> None:
    """Like llama.cpp's server: it promises keep-alive and closes when the next request comes."""

    @target.route("/stale")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        if request.number:
            reset(writer)
        else:
            writer.write(HEAD + chunk(CHAT) + LAST)

    with proxy.client() as client:
        for _ in range(5):
            answer = client.get("/stale", CONTEXT, method="POST", body=b"x" * 10_000)
            assert tail_of(answer.body)["integrity"] == "ok"
    assert all(request.body == b"x" * 10_000 for request in target.seen("/stale"))
    assert proxy.row("/stale")["bytes_sent"] == 10_000


def test_a_fresh_connection_is_not_retried(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    @target.route("/always-closed")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.close()

    @target.route("/fine")
    async def fine(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(OK)

    proxy = start_proxy(target.url)
    with proxy.client() as client:
        assert client.get("/always-closed").status == 502
        assert len(target.seen("/always-closed")) == 1
        assert client.get("/fine").status == 200
        assert client.get("/always-closed").status == 502  # pooled: sent again, once
    assert len(target.seen("/always-closed")) == 3
    assert proxy.stop() == 0
    assert proxy.stats["upstream_retries"] == 1


def test_an_early_answer_to_an_upload(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/raw/too-large")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    @target.route("/fine")
    async def fine(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(OK)

    with proxy.client() as client:
        client.send(b"POST /raw/too-large HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert client.answer().status == 413
        client.send(b"4567890")
        assert client.get("/fine").body == b"ok"


@pytest.mark.parametrize(
    ("raw", "status", "cause"),
    [
        (b"HELLO\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501,
         "upgrade"),
        (b"CONNECT a.b:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501, "upgrade"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(proxy: Proxy, raw: bytes, status: int, cause: str) -> None:
    with proxy.client() as client:
        client.send(raw)
        answer = client.answer()
        assert (answer.status, answer.header("x-janbench-error")) == (status, [cause])
        assert client.head() == b""


def test_unasked_bytes_close_the_pooled_connection(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/chatty")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(OK + OK)

    with proxy.client() as client:
        assert client.get("/chatty").body == b"ok"
        assert client.get("/chatty").body == b"ok"
        assert client.get("/chatty", CONTEXT).ended
    assert len({request.connection for request in target.seen("/chatty")}) == 3


def test_finish_line_of_a_frame_cut_by_an_orderly_end(target: ScriptedServer, proxy: Proxy) -> None:
    @target.route("/cut")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(sse(*WORDS, FINISH)[:-20]) + LAST)

    with proxy.client() as client:
        assert tail_of(client.get("/cut", CONTEXT).body)["integrity"] == "truncated"


def test_a_client_s_port_is_free_of_leftovers(proxy: Proxy) -> None:
    """Whatever the tests before did, no client connection is left open."""
    with Client(proxy.port):
        pass
    written = proxy.records / "stats.json"
    before = written.stat().st_mtime_ns if written.exists() else 0
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # until it is rewritten and says so
        if written.exists() and written.stat().st_mtime_ns > before:
            if not proxy.stats["open_client_connections"]:
                return
            before = written.stat().st_mtime_ns
        time.sleep(0.05)
    raise AssertionError(proxy.stats)

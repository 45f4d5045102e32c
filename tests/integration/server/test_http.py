"""The server as an HTTP server: connections, bodies, clients that misbehave."""

from __future__ import annotations

import json

import pytest

from tests.embedded import embedded_server
from tests.integration.server.conftest import Api, chat_body
from tests.integration.server.wire import wire

CHAT = "/v1/chat/completions"


def test_one_connection_serves_many_requests(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        for stream in (True, False, True):
            connection.send("POST", CHAT, chat_body(stream=stream), **v1.headers)
            head = connection.read_head()
            assert head["status"] == "200"
            if stream:
                assert len(connection.read_chunks()) > 16
            else:
                assert connection.read_body(head).endswith(b"}")


def test_pipelined_requests_are_answered_in_order(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("POST", CHAT, chat_body(), **v1.headers)
        connection.send("GET", "/healthcheck")
        connection.send("GET", "/nothing")
        head = connection.read_head()
        assert b"chat.completion" in connection.read_body(head)
        assert connection.read_body(connection.read_head()) == b'"ok"'
        assert connection.read_body(connection.read_head()) == b"404 page not found"


def test_many_pipelined_requests_are_all_answered(v1: Api) -> None:
    count = 300
    with wire(v1.server.port) as connection:
        connection.send("POST", CHAT, chat_body(), **v1.headers)
        request = b"GET /healthcheck HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.sock.sendall(request * count)
        connection.read_body(connection.read_head())
        for _ in range(count):
            assert connection.read_body(connection.read_head()) == b'"ok"'


@pytest.mark.parametrize("stream", [False, True])
def test_http_1_0_gets_no_chunks_and_a_close(v1: Api, stream: bool) -> None:
    body = json.dumps(chat_body(stream=stream)).encode()
    with wire(v1.server.port) as connection:
        lines = [f"POST {CHAT} HTTP/1.0", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in v1.headers.items()]
        connection.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = connection.read_head()
        assert "transfer-encoding" not in head
        text = connection.read_to_end()
    assert text.endswith(b"data: [DONE]\n" if stream else b"}")


def test_connection_close_is_honoured(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("GET", "/healthcheck", Connection="close")
        head = connection.read_head()
        assert head["connection"] == "close"
        assert connection.read_to_end() == b'"ok"'


def test_expect_100_continue(v1: Api) -> None:
    body = json.dumps(chat_body()).encode()
    with wire(v1.server.port) as connection:
        lines = [f"POST {CHAT} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += ["Expect: 100-continue", f"Authorization: {v1.headers['Authorization']}"]
        connection.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        connection.sock.sendall(body)
        assert connection.read_head()["status"] == "200"


def test_head_has_no_body(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("HEAD", "/healthcheck")
        assert connection.read_head()["status"] == "404"
        connection.send("GET", "/healthcheck")
        assert connection.read_body(connection.read_head()) == b'"ok"'


def test_a_body_may_come_in_pieces_and_chunks(v1: Api) -> None:
    body = json.dumps(chat_body()).encode()
    with wire(v1.server.port) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += f"Authorization: {v1.headers['Authorization']}\r\n\r\n"
        connection.sock.sendall(head.encode())
        for byte in (body[:10], body[10:]):
            connection.sock.sendall(b"%x\r\n%b\r\n" % (len(byte), byte))
        connection.sock.sendall(b"0\r\n\r\n")
        assert connection.read_head()["status"] == "200"


@pytest.mark.parametrize(
    "garbage",
    [
        b"not http at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_garbage_gets_400_and_a_close(v1: Api, garbage: bytes) -> None:
    with wire(v1.server.port) as connection:
        connection.sock.sendall(garbage)
        assert connection.read_to_end().startswith(b"HTTP/1.1 400")
    assert v1("GET", "/healthcheck").status_code == 200


def test_a_body_that_is_too_large(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        size = 33 * 1024 * 1024
        connection.sock.sendall(
            f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        piece = b"x" * (1 << 20)
        try:
            for _ in range(33):
                connection.sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert b"413" in connection.read_to_end()[:20] or connection.closed
    assert v1("GET", "/healthcheck").status_code == 200


def test_a_client_that_does_not_read_holds_its_stream_back() -> None:
    # The answer is far larger than the sockets' buffers: generation must wait for the client.
    tokens = 60_000
    flags = ("--flavour", "openai", "--ttft-ms", "0", "--itl-ms", "0", "--tokens", str(tokens))
    with embedded_server(*flags) as server, wire(server.port) as connection:
        connection.send("POST", CHAT, chat_body(stream=True))
        before, events = -1, 0
        while events == 0 or events != before:
            before, events = events, server.stats()["events"]
        assert events < tokens
        assert server.stats()["active"] == 1
        connection.read_head()
        text = b"".join(connection.read_chunks())
        assert text.count(b'"delta":{"content":') == tokens + 1  # and the finish chunk
        assert text.endswith(b"data: [DONE]\n\n")
        assert server.stats()["active"] == 0


def test_a_client_that_never_reads_gives_its_slot_back() -> None:
    flags = ("--flavour", "openai", "--ttft-ms", "0", "--itl-ms", "0", "--tokens", "60000")
    with embedded_server(*flags, "--stream-limit", "0.5") as server, wire(server.port) as idle:
        idle.send("POST", CHAT, chat_body(stream=True))
        while not server.stats()["served"]:
            pass
        row = server.truth()[-1]
        assert 0 < row["tokens"] < 60_000

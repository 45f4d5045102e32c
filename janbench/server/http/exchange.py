"""One request and the response being written to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import orjson

from janbench.server.truth import TruthRow

Headers = Sequence[tuple[str, str]]

_JSON = "application/json; charset=utf-8"
_NEWLINE_CHUNK = b"1\r\n\n\r\n"
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


@dataclass(slots=True)
class HttpRequest:
    """A request as it was read; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    received_ns: int
    chunked: bool = True  # the client understands chunked transfer (HTTP/1.1)
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The path, decoded, without the query."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; the last of several with one name counts."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def json(self) -> Any:
        """The body parsed as JSON; raises ValueError."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """A whole response with a body of known length."""

    status: int
    body: bytes
    content_type: str = _JSON
    headers: Headers = field(default_factory=tuple)

    @staticmethod
    def json(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
        """`value` as a JSON body."""
        return Reply(status, orjson.dumps(value), headers=headers)

    @staticmethod
    def text(body: str, status: int = 200) -> Reply:
        """A plain text body."""
        return Reply(status, body.encode(), "text/plain")

    @cached_property
    def value(self) -> Any:
        """The body parsed as JSON."""
        return orjson.loads(self.body)


class Wire(Protocol):
    """What an exchange needs of the connection that it is on."""

    def write(self, data: bytes) -> None:
        """Hand bytes to the kernel at once, or queue them when the client reads too slowly."""

    def finish(self, *, keep_alive: bool) -> None:
        """The response is complete: serve the next request, or close."""

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""

    @property
    def congested(self) -> bool:
        """Whether the client reads too slowly for more to be written."""


class Exchange:
    """Writes one response, whole or as a stream, and notes when."""

    def __init__(self, request: HttpRequest, wire: Wire, row: TruthRow | None) -> None:
        self.request = request
        self.row = row
        self.headers: list[tuple[str, str]] = []
        self.on_gone: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.done = False
        self.keep_alive = request.keep_alive
        # Close after the response although its head promises to keep the connection.
        self.breaks_promise = False
        self.on_finished: Callable[[], None] | None = None
        self._wire = wire
        self._head: bytes | None = None

    @property
    def congested(self) -> bool:
        """Whether the client reads too slowly for more to be written."""
        return self._wire.congested

    def reply(self, reply: Reply, *, send_bytes: int | None = None) -> None:
        """Write a whole response; with `send_bytes`, promise all of it but stop there."""
        head = self._make_head(
            reply.status,
            [
                *([("Content-Type", reply.content_type)] if reply.content_type else []),
                *reply.headers,
                ("Content-Length", str(len(reply.body))),
            ],
        )
        self._head_is_leaving(reply.status)
        if send_bytes is not None:
            self._wire.write(head + reply.body[:send_bytes])
            return
        self._note_end()
        # The answer to HEAD has no body, whatever length it states.
        self._wire.write(head if self.request.method == "HEAD" else head + reply.body)
        self._finish()

    def start_stream(self, headers: Headers, status: int = 200) -> None:
        """Prepare the head of a chunked response; it leaves with the first `send` or `flush`."""
        extra = [("Transfer-Encoding", "chunked")] if self.request.chunked else []
        if not self.request.chunked:
            self.keep_alive = False
        self._head = self._make_head(status, [*headers, *extra])
        if self.row is not None:
            self.row.status = status
            self.row.stream = True

    def send(self, pieces: Iterable[bytes], events: int = 0) -> None:
        """Write pieces of the body, one HTTP chunk each, in one system call.

        `events` content-bearing events among them get the time just before that call, so that a
        client can't have seen them earlier.
        """
        if self.request.chunked:
            data = b"".join(
                [
                    _NEWLINE_CHUNK if piece == b"\n" else b"%x\r\n%b\r\n" % (len(piece), piece)
                    for piece in pieces
                ]
            )
        else:
            data = b"".join(pieces)
        if self._head is not None:
            data = self._head + data
            self._head = None
            self._head_is_leaving(None)
        row = self.row
        if row is not None and data:
            now = time.perf_counter_ns()
            row.last_event_ns = now
            if events == 1:
                row.token_ns.append(now)
            elif events:
                row.token_ns.extend([now] * events)
        if data:
            self._wire.write(data)

    def end_stream(self) -> None:
        """End the body properly."""
        if self._head is not None:
            self.send(())
        self._note_end()
        if self.request.chunked:
            self._wire.write(b"0\r\n\r\n")
        self._finish()

    def hang_up(self) -> None:
        """Close the connection in the middle of the body."""
        self.keep_alive = False
        self._finish()

    def reset(self) -> None:
        """Reset the connection in the middle of the body."""
        self._close()
        self._wire.reset()

    def client_left(self) -> None:
        """The connection is gone: nothing more can be written."""
        if self.done:
            return
        if self.row is not None:
            self.row.client_gone = True
        on_gone = self.on_gone
        self._close()
        if on_gone is not None:
            on_gone()

    def _finish(self) -> None:
        self._close()
        self._wire.finish(keep_alive=self.keep_alive and not self.breaks_promise)

    def _note_end(self) -> None:
        # Before the last bytes leave, like all other times.
        if self.row is not None:
            self.row.end_ns = time.perf_counter_ns()

    def _close(self) -> None:
        self.done = True
        if self.row is not None and not self.row.end_ns:
            self._note_end()
        if self.on_finished is not None:
            self.on_finished()
        # Who set them holds this exchange: without the cycle, both die with the request.
        self.on_finished = self.on_gone = self.on_drain = None

    def _head_is_leaving(self, status: int | None) -> None:
        if self.row is not None:
            self.row.headers_sent_ns = time.perf_counter_ns()
            if status is not None:
                self.row.status = status

    def _make_head(self, status: int, headers: Headers) -> bytes:
        lines = [f"{name}: {value}\r\n" for name, value in (*headers, *self.headers)]
        if not self.keep_alive:
            lines.append("Connection: close\r\n")
        lines.append(f"Date: {http_date()}\r\n\r\n")
        return _STATUS_LINES[status] + "".join(lines).encode("latin-1", "replace")


class _Date:
    second = 0
    text = ""


def http_date() -> str:
    """The time as HTTP writes it, formatted once a second."""
    now = int(time.time())
    if now != _Date.second:
        _Date.second, _Date.text = now, formatdate(now, usegmt=True)
    return _Date.text

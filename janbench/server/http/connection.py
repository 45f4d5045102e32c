"""A client's connection: bytes to requests (httptools), responses to bytes."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import httptools

from janbench.arrival.transport import TimedConnection
from janbench.server.http.exchange import Exchange, HttpRequest

BODY_LIMIT = 32 * 1024 * 1024
# Requests pipelined behind a running response; a client that sends more is not read for a while.
_PIPELINE_LIMIT = 64
_LINGER_0 = struct.pack("ii", 1, 0)  # close() then resets the connection
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# A write to the descriptor itself leaves now; uvloop's transport waits for the end of the loop's
# turn, so that a token of the first of many streams would leave later than it says.
_DIRECT = sys.platform != "win32"

Handler = Callable[[HttpRequest, "Connection"], Exchange]


class Connection(TimedConnection):
    """Serves one request at a time, in order of arrival."""

    def __init__(self, handle: Handler, connections: set[Connection]) -> None:
        self._handle = handle
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._fd = -1
        self._parser: Any = httptools.HttpRequestParser(self)
        self._waiting: deque[HttpRequest] = deque()
        self._exchange: Exchange | None = None
        self._serving = False
        self._closing = False
        self._received_ns = 0
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_size = 0
        self.congested = False

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport and its descriptor."""
        # Not checked: uvloop's transport isn't a subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        if _DIRECT:
            self._fd = transport.get_extra_info("socket").fileno()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Tell the exchange that nobody reads it any more."""
        self._closing = True
        self._transport = None
        self._fd = -1
        self._parser = None  # holds this connection's methods: without the cycle, both die now
        self._connections.discard(self)
        self._waiting.clear()
        if self._exchange is not None:
            self._exchange.client_left()
            self._exchange = None

    def received(self, data: bytes, ns: int, sure: bool) -> None:  # noqa: ARG002
        """Parse; complete requests are served from `on_message_complete`."""
        self._received_ns = ns
        if self._closing:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(_BAD_REQUEST)
        except httptools.HttpParserError:
            self._refuse(_BAD_REQUEST)

    def pause_writing(self) -> None:
        """The client reads too slowly: generation waits, as behind a blocking gateway."""
        self.congested = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.congested = False
        if self._exchange is not None and self._exchange.on_drain is not None:
            self._exchange.on_drain()

    # --- httptools ---

    def on_message_begin(self) -> None:
        """Start a new request."""
        self._target, self._headers, self._body, self._body_size = b"", {}, [], 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; of repeated ones only cookies are joined, the last of others counts."""
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        if key == "cookie" and key in self._headers:
            text = f"{self._headers[key]}; {text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        """Answer a client that waits for permission to send its body."""
        if self._headers.get("expect", "").lower() == "100-continue" and not self._serving:
            self.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the request's body."""
        self._body_size += len(body)
        if self._body_size > BODY_LIMIT:
            self._refuse(_TOO_LARGE)
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Serve the request, or let it wait for the one before."""
        if self._closing:
            return
        request = HttpRequest(
            method=self._parser.get_method().decode("latin-1"),
            target=self._target.decode("latin-1"),
            headers=self._headers,
            body=b"".join(self._body),
            received_ns=self._received_ns,
            chunked=self._parser.get_http_version() != "1.0",
            keep_alive=bool(self._parser.should_keep_alive()),
        )
        if self._serving:
            self._waiting.append(request)
            if len(self._waiting) == _PIPELINE_LIMIT and self._transport is not None:
                self._transport.pause_reading()
            return
        self._serve(request)

    # --- Wire ---

    def write(self, data: bytes) -> None:
        """Hand bytes to the kernel at once, or queue them when the client reads too slowly."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._fd >= 0 and not transport.get_write_buffer_size():
            try:
                sent = os.write(self._fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                # The transport learns of a broken connection by itself, and calls connection_lost.
                transport.abort()
                return
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)

    def finish(self, *, keep_alive: bool) -> None:
        """The response is complete: serve the next request, or close."""
        self._exchange = None
        self._serving = False
        if not keep_alive or self._closing:
            self.close()
        elif self._waiting and self._transport is not None:
            if len(self._waiting) == _PIPELINE_LIMIT:
                self._transport.resume_reading()
            # From the loop, not from here: a client that pipelines must not deepen the stack.
            self._serving = True
            asyncio.get_running_loop().call_soon(self._serve, self._waiting.popleft())

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        if self._transport is None:
            return
        if _DIRECT:
            with socket.socket(fileno=os.dup(self._fd)) as duplicate:
                duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self._exchange = None
        self._closing = True
        self._transport.abort()

    def close(self) -> None:
        """Close once what has been written is sent."""
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    @property
    def idle(self) -> bool:
        """Whether no request is being served."""
        return not self._serving

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def _serve(self, request: HttpRequest) -> None:
        if self._closing:
            return
        self._serving = True
        exchange = self._handle(request, self)
        if not exchange.done:
            self._exchange = exchange

    def _refuse(self, response: bytes) -> None:
        self.write(response)
        self.close()

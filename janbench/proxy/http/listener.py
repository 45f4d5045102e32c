"""One client's connection: reads its requests and answers them in order."""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter_ns
from typing import TYPE_CHECKING, cast

import httptools

from janbench.arrival.transport import TimedConnection
from janbench.proxy.http.exchange import ProxyExchange
from janbench.proxy.http.http1 import own_reply
from janbench.proxy.http.request import make_request
from janbench.proxy.message.limits import MAX_HEAD, MAX_HEADERS, MessageError

if TYPE_CHECKING:
    from janbench.proxy.http.http1 import Headers
    from janbench.proxy.http.worker_context import WorkerContext

_PIPELINE_MOST = 16
"""Requests that may wait behind the one in work before the client is told to wait."""

_WRITE_HIGH = 256 << 10
"""Bytes unsent to a client before the target is slowed down, which would distort its timing."""


class ClientConnection(TimedConnection):
    """Callbacks of the request parser and of the client's connection."""

    transport: asyncio.Transport

    def __init__(self, worker: WorkerContext, clients: set[ClientConnection]) -> None:
        self._worker = worker
        self._clients = clients
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._queue: deque[ProxyExchange] = deque()
        self._reading: ProxyExchange | None = None
        self._url = b""
        self._headers: Headers = []
        self._trailers: Headers = []
        self._closing = False
        self._paused = False
        self._unread = 0  # bytes since the last that meant something
        self._heard_ns = self._began_ns = perf_counter_ns()
        self.arrived_ns = 0
        self.gone = False

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self._worker.counters.clients += 1
        self._clients.add(self)

    def received(self, data: bytes, ns: int, sure: bool) -> None:
        if self._closing or self._parser is None:
            return
        self._heard_ns = ns
        self.arrived_ns = ns if sure else 0
        if not self._unread and self._reading is None:
            self._began_ns = self._heard_ns
        self._unread += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(501, "upgrade", "the timing proxy passes no WebSocket or HTTP/2 on")
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, MessageError):
                self._refuse(431, "bad_request", str(error.__context__))
            else:
                self._refuse(400, "bad_request", f"not an HTTP/1.1 request: {error}")
        if self._unread > MAX_HEAD:
            self._refuse(431, "bad_request", "the request's headers are too large")
        if self._queue:
            self._queue[0].flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._worker.counters.clients -= 1
        self._clients.discard(self)
        self._closing = self.gone = True
        self._parser = self._reading = None
        if self._queue:
            current = self._queue[0]
            self._queue.clear()
            current.client_gone()

    def pause_writing(self) -> None:
        if self._queue:
            self._queue[0].client_full(True)

    def resume_writing(self) -> None:
        if self._queue:
            self._queue[0].client_full(False)

    # --- parser callbacks

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = []
        self._trailers = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        fields = self._headers if self._reading is None else self._trailers
        fields.append((name, value))
        if len(fields) > MAX_HEADERS:
            raise MessageError("the request has too many headers")

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        self._unread = 0
        if self._closing or parser.should_upgrade():
            return
        request = make_request(
            parser.get_method(),
            self._url,
            self._headers,
            version=parser.get_http_version(),
            keep_alive=parser.should_keep_alive(),
        )
        self._reading = exchange = ProxyExchange(self._worker, self, request)
        self._queue.append(exchange)
        if len(self._queue) == 1:
            exchange.start()
        elif len(self._queue) == _PIPELINE_MOST:
            self.pause(True)

    def on_body(self, data: bytes) -> None:
        self._unread = 0
        if self._reading is not None:
            self._reading.feed_body(data)

    def on_message_complete(self) -> None:
        self._unread = 0
        if self._reading is not None:
            trailers = b"".join(b"%b: %b\r\n" % field for field in self._trailers)
            self._reading.end_body(trailers)
            self._reading = None

    # --- what an exchange asks for

    def exchange_over(self, exchange: object, *, keep: bool) -> None:
        if self._closing or not self._queue or self._queue[0] is not exchange:
            return
        if not keep:
            self._close()
            return
        self._queue.popleft()
        self.pause(False)
        if self._queue:
            self._queue[0].start()
            self._queue[0].flush()

    def pause(self, paused: bool) -> None:
        if self._closing or self.transport.is_closing():
            return
        self._paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()
            self._heard_ns = self._began_ns = perf_counter_ns()

    # --- what the worker asks for

    def check_silence(self, now_ns: int) -> None:
        """End a connection that takes too long over a request, or carries none for long."""
        limits = self._worker.limits
        if self._closing or self._paused:
            return
        if self._reading is not None:
            limit, since = limits.request, self._began_ns
        elif self._unread:
            limit, since = limits.head, self._began_ns
        elif self._queue:
            return  # it waits for its answer
        else:
            if now_ns - self._heard_ns > limits.idle * 1e9:
                self._close()
            return
        if now_ns - since > limit * 1e9:
            self._refuse(408, "slow_request", f"the request was not complete within {limit:g} s")

    # ---

    def _refuse(self, status: int, cause: str, message: str) -> None:
        """Answer what isn't a request that can be passed on, and close."""
        current = self._queue[0] if self._queue else None
        if current is None:
            self.transport.write(own_reply(status, cause, message, close=True, head_only=False))
        self._close()
        if current is not None:
            current.client_gone()

    def _close(self) -> None:
        self._closing = True
        self._queue.clear()
        self.transport.close()

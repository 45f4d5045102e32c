"""One connection to the target, and the exchange that uses it at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from janbench.arrival.transport import TimedConnection
from janbench.proxy.message.limits import MAX_HEAD, MessageError


class ResponseReceiver(Protocol):
    """Who gets the bytes of a response: `parser` reads them, `now` is when they arrived (ns).

    `sure` and `spread_ns` say how exact that is (see `janbench.arrival`).
    """

    now: int
    sure: bool
    spread_ns: Callable[[], int]
    parser: httptools.HttpResponseParser
    complete: bool
    pieces: list[bytes]
    head_waits: bool
    unread: int
    raw_head: bytes | None

    def read_again(self) -> bytes | None:
        """Called when the parser refused a head: what to give a new parser, if anything."""

    def send_head(self) -> None:
        """Called after a read that brought the head of the response but not its end."""

    def body(self) -> None:
        """Called after a read that brought `pieces` of the body."""

    def finished(self) -> None:
        """Called once, after the read that completed the response."""

    def garbage(self, reason: str) -> None:
        """Called when the bytes aren't HTTP."""

    def upstream_lost(self, error: Exception | None) -> None:
        """Called when the connection ended; `error` is None for an orderly end."""

    def upstream_full(self, full: bool) -> None:
        """Called when the connection takes no more, and when it does again."""


class UpstreamConnection(TimedConnection):
    """A connection to the target, used by one exchange at a time."""

    __slots__ = ("closed", "idle_since", "receiver", "reused", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.receiver: ResponseReceiver | None = None
        self.reused = False
        self.idle_since = 0.0
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def received(self, data: bytes, ns: int, sure: bool) -> None:
        receiver = self.receiver
        if receiver is None:
            self.close()  # bytes that nobody asked for: the connection can't be trusted
            return
        receiver.now, receiver.sure = ns, sure
        if receiver.raw_head is not None:
            receiver.raw_head += data
        receiver.unread += len(data)
        try:
            self._feed(receiver, data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not receiver.complete:
                if receiver.pieces:
                    receiver.body()
                receiver.garbage(_reason(error))
                return
            self.closed = True  # the response was whole; what followed it was not HTTP
        if receiver.pieces:
            receiver.unread = 0
            receiver.body()
            if self.receiver is None:
                return  # that was too much
        if receiver.complete:
            receiver.finished()
        elif receiver.unread > MAX_HEAD:
            receiver.garbage("its headers are too large")
        elif receiver.head_waits:
            receiver.send_head()

    def _feed(self, receiver: ResponseReceiver, data: bytes) -> None:
        try:
            receiver.parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a limit of ours
        except httptools.HttpParserError:
            again = receiver.read_again()
            if again is None:
                raise
            receiver.parser.feed_data(again)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.upstream_lost(exc)

    def pause_writing(self) -> None:
        if self.receiver is not None:
            self.receiver.upstream_full(True)

    def resume_writing(self) -> None:
        if self.receiver is not None:
            self.receiver.upstream_full(False)

    def write(self, data: bytes) -> None:
        """Send bytes; nothing happens on a connection that is closed."""
        if self.transport is not None and not self.closed:
            self.transport.write(data)

    def pause(self, paused: bool) -> None:
        """Stop or go on reading: the client's backpressure."""
        if self.transport is None or self.closed or self.transport.is_closing():
            return
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def spread_ns(self) -> int:
        """Return by how much bytes of the last read may have come before its time; 0: unknown."""
        spread = getattr(self.transport, "spread_ns", None)
        return spread() if spread is not None else 0

    def close(self) -> None:
        """Drop the connection now and tell no receiver."""
        self.receiver = None
        self.closed = True
        if self.transport is not None:
            self.transport.abort()


def _reason(error: Exception) -> str:
    """Return llhttp's words; they name the rule that was broken, never the bytes."""
    if isinstance(error.__context__, MessageError):
        return str(error.__context__)
    if isinstance(error, httptools.HttpParserUpgrade):
        return "it switches protocols"
    return str(error) or type(error).__name__

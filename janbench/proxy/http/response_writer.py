"""How a response body reaches the client: as it comes, or held back and sent in blocks.

k6 reads a body to its end before a script sees any of it, so it loses nothing when a stream's
body is held back, and gains the cost of reading each chunk. What is held is bounded for all
streams together: the more of them there are, the smaller the blocks.
"""

from __future__ import annotations

import asyncio

from janbench.proxy.http.http1 import Headers, last_chunk

_HOLD_TOTAL = 6 << 20
_HOLD_MOST = 64 << 10
_HOLD_LEAST = 2 << 10


class HoldBudget:
    """Shares the memory for held bodies among the streams of a worker; `limit` is in bytes."""

    __slots__ = ("_streams", "limit")

    def __init__(self) -> None:
        self._streams = 0
        self.limit = _HOLD_MOST

    def change(self, streams: int) -> None:
        """Count streams in (+1) or out (-1)."""
        self._streams += streams
        self.limit = max(_HOLD_LEAST, min(_HOLD_MOST, _HOLD_TOTAL // max(1, self._streams)))


class ResponseWriter:
    """Passes a response on; `chunked` frames its body, else the head's framing holds.

    What one read from the target brought is sent together: `flush` sends it, `end` sends it and
    the end of the body.
    """

    __slots__ = ("_chunked", "_last", "_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, head: bytes, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked
        self._parts: list[bytes | bytearray] = [head]
        self._last: bytes | bytearray = b"\n"

    def write(self, data: bytes) -> None:
        """Take one piece of the body; it must not be empty."""
        self._last = data
        self._add(data)

    def flush(self) -> None:
        """Send what was taken."""
        parts = self._parts
        if parts:
            self._parts = []
            self._transport.writelines(parts)

    def end(self, trailers: Headers, tail: bytes = b"") -> None:
        """End the body; `tail` is put after it, on a line of its own."""
        if tail:
            self._add(tail if self._last.endswith(b"\n") else b"\n" + tail)
        if self._chunked:
            self._parts.append(last_chunk(trailers))
        self.flush()

    def abandon(self) -> None:
        """Send what was taken, without an end."""
        self.flush()

    def release(self) -> None:
        """Return up what is held, at the end in any case."""

    def _add(self, data: bytes | bytearray) -> None:
        if self._chunked:
            self._parts += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._parts.append(data)


class HeldWriter(ResponseWriter):
    """Keeps the body until it ends, or until it reaches the budget's limit."""

    __slots__ = ("_budget", "_held")

    def __init__(
        self, transport: asyncio.Transport, head: bytes, budget: HoldBudget, *, chunked: bool
    ) -> None:
        super().__init__(transport, head, chunked=chunked)
        self._budget = budget
        self._held = bytearray()
        budget.change(+1)

    def write(self, data: bytes) -> None:
        """Keep one piece of the body."""
        held = self._held
        held += data
        if len(held) >= self._budget.limit:
            self._let_go()

    def end(self, trailers: Headers, tail: bytes = b"") -> None:
        """Send what is held and the tail in one chunk, and end the body."""
        held = self._held
        if tail and not (held or self._last).endswith(b"\n"):
            held += b"\n"
        held += tail
        self._let_go()
        super().end(trailers)

    def abandon(self) -> None:
        """Send what is held, without an end."""
        self._let_go()
        self.flush()

    def release(self) -> None:
        """Return the memory back to the budget."""
        self._held = bytearray()
        self._budget.change(-1)

    def _let_go(self) -> None:
        if self._held:
            self._last = self._held[-1:]
            self._add(self._held)
            self._held = bytearray()


class TailWriter(ResponseWriter):
    """Sends the tail and nothing of the body, to a script that has no use for it."""

    __slots__ = ()

    def write(self, data: bytes) -> None:
        """Drop one piece of the body."""

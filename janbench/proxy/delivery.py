"""How a response body reaches the client: as it comes, or held back and sent in blocks.

k6 reads a body to its end before a script sees any of it, so it loses nothing when a stream's
body is held back, and gains the cost of reading each chunk. What is held is bounded for all
streams together: the more of them there are, the smaller the blocks.
"""

from __future__ import annotations

import asyncio

from janbench.proxy.http1 import Headers, chunk, last_chunk

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


class Delivery:
    """Writes body bytes as they come; `chunked` frames them, else the head's framing holds."""

    __slots__ = ("_chunked", "_last", "_transport")

    def __init__(self, transport: asyncio.Transport, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked
        self._last = b"\n"

    def write(self, data: bytes) -> None:
        """Pass one piece of the body on."""
        self._last = data
        self._transport.write(chunk(data) if self._chunked else data)

    def end(self, trailers: Headers, tail: bytes = b"") -> None:
        """End the body; `tail` is put after it, on a line of its own."""
        if tail and not self._last.endswith(b"\n"):
            tail = b"\n" + tail
        end = chunk(tail) if tail and self._chunked else tail
        if self._chunked:
            end += last_chunk(trailers)
        if end:
            self._transport.write(end)

    def release(self) -> None:
        """Give up what is held, at the end in any case."""


class HeldDelivery(Delivery):
    """Keeps the body until it ends, or until it reaches the budget's limit."""

    __slots__ = ("_budget", "_held")

    def __init__(self, transport: asyncio.Transport, budget: HoldBudget, *, chunked: bool) -> None:
        super().__init__(transport, chunked=chunked)
        self._budget = budget
        self._held = bytearray()
        budget.change(+1)

    def write(self, data: bytes) -> None:
        """Keep one piece of the body."""
        held = self._held
        held += data
        if len(held) >= self._budget.limit:
            super().write(bytes(held))
            held.clear()

    def end(self, trailers: Headers, tail: bytes = b"") -> None:
        """Send what is held and the tail in one chunk, and end the body."""
        held = self._held
        last = held or self._last
        if tail and not last.endswith(b"\n"):
            held += b"\n"
        held += tail
        if held:
            self._transport.write(chunk(bytes(held)) if self._chunked else bytes(held))
            held.clear()
        if self._chunked:
            self._transport.write(last_chunk(trailers))

    def release(self) -> None:
        """Give the memory back to the budget."""
        self._held = bytearray()
        self._budget.change(-1)


class TailDelivery(Delivery):
    """Sends the tail and nothing of the body, to a script that has no use for it."""

    __slots__ = ()

    def write(self, data: bytes) -> None:
        """Drop one piece of the body."""

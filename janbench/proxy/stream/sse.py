"""Server-sent events out of a byte stream that arrives in arbitrary pieces.

Blocks are cut at blank lines (WHATWG HTML, section 9.2.6); what the lines of a block mean is the
caller's business. LF, CRLF and lone CR end a line. A block's time is the arrival of the last byte
of its last line, not of the blank line that closes it: a relay that flushes line by line sends
that blank line later, and a client that reads lines has had its token by then.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

MAX_BLOCK = 1 << 20
"""Bytes of one block; a longer one is not an event of any LLM server."""


class BlockTooLongError(Exception):
    """A block passed `MAX_BLOCK` bytes without a blank line."""


class Framer(ABC):
    """Cuts a stream at blank lines; `blocks` gets whole blocks with their time in ns.

    One or more blocks come at a time, joined by blank lines, without a final newline, with LF
    only; a block may be empty or start with a newline.
    """

    __slots__ = ("_cr", "_rest", "_rest_ns", "_start")

    def __init__(self) -> None:
        self._rest = b""
        self._rest_ns = 0
        self._cr = False
        self._start = True

    @abstractmethod
    def blocks(self, text: bytes, ns: int) -> None:
        """Take whole blocks, joined by blank lines, that arrived together at `ns`."""

    def feed(self, data: bytes, ns: int) -> None:
        """Take the next piece, which arrived at `ns`; raises `BlockTooLongError`."""
        if self._cr or b"\r" in data:
            data = self._only_lf(data)
        if self._start:
            data = self._without_bom(data)
        if not data:
            return
        if self._rest:
            self._feed_with_rest(data, ns)
        elif data.endswith(b"\n\n"):
            self.blocks(data[:-2], ns)
        else:
            self._cut(data, ns)

    def rest(self) -> tuple[bytes, int, bool]:
        """Return what no blank line closed: bytes, their time, and whether a line is unfinished."""
        rest, self._rest = self._rest, b""
        return rest.strip(b"\n"), self._rest_ns, not rest.endswith(b"\n")

    def _feed_with_rest(self, data: bytes, ns: int) -> None:
        rest = self._rest
        if rest.endswith(b"\n") and data.startswith(b"\n"):
            # The blank line that was missing: the block is as old as its last line.
            self._rest = b""
            self.blocks(rest[:-1], self._rest_ns)
            if len(data) > 1:
                self._cut(data[1:], ns)
        else:
            self._cut(rest + data, ns)

    def _cut(self, data: bytes, ns: int) -> None:
        closed, blank, rest = data.rpartition(b"\n\n")
        if blank:
            self.blocks(closed, ns)
        if rest == b"\n":  # an odd newline between blocks
            rest = b""
        if len(rest) > MAX_BLOCK:
            raise BlockTooLongError
        self._rest = rest
        self._rest_ns = ns

    def _only_lf(self, data: bytes) -> bytes:
        if self._cr and data.startswith(b"\n"):
            data = data[1:]  # second half of a CRLF that was cut in two
        self._cr = data.endswith(b"\r") if data else False
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, data: bytes) -> bytes:
        # A mark cut in two stays, and makes the first line a bare one: no server does that.
        self._start = False
        return data.removeprefix(b"\xef\xbb\xbf")

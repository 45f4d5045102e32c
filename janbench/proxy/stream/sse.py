"""Server-sent events out of a byte stream that arrives in arbitrary pieces.

Blocks are cut at blank lines (WHATWG HTML, section 9.2.6); what the lines of a block mean is the
caller's business. LF, CRLF and lone CR end a line. A block's time is the arrival of the last byte
of its last line, not of the blank line that closes it: a relay that flushes line by line sends
that blank line later, and a client that reads lines has had its token by then. Servers that send
no blank lines at all are read, too: a line that is an event by itself ends where the next begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

MAX_BLOCK = 16 << 20
"""Bytes of one block; a longer one is not an event of any LLM server."""

_BOM = b"\xef\xbb\xbf"


class BlockTooLongError(Exception):
    """A block passed `MAX_BLOCK` bytes without a blank line."""


class Framer(ABC):
    """Cuts a stream at blank lines; `blocks` gets whole blocks with their time in ns.

    One or more blocks come at a time, joined by blank lines, without a final newline, with LF
    only; a block may be empty or start with a newline.
    """

    __slots__ = ("_cr", "_partial", "_partial_size", "_rest", "_rest_ns", "_start")

    def __init__(self) -> None:
        self._rest = b""
        self._rest_ns = 0
        self._partial: list[bytes] = []  # of a line that goes on over many reads
        self._partial_size = 0
        self._cr = False
        self._start = True

    @abstractmethod
    def blocks(self, text: bytes, ns: int) -> None:
        """Take whole blocks, joined by blank lines, that arrived together at `ns`."""

    @abstractmethod
    def stands_alone(self, lines: bytes) -> bool:
        """Say whether these lines are whole events, though no blank line follows them."""

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
        elif data.endswith(b"\n\n") and len(data) < MAX_BLOCK:
            self.blocks(data[:-2], ns)
        else:
            self._cut(data, ns)

    def rest(self) -> tuple[bytes, int, bool]:
        """Return what no blank line closed: bytes, their time, and whether a line is unfinished."""
        rest = self._joined(b"")
        self._rest = b""
        return rest.strip(b"\n"), self._rest_ns, not rest.endswith(b"\n")

    def _feed_with_rest(self, data: bytes, ns: int) -> None:
        rest = self._rest
        if not rest.endswith(b"\n"):
            if b"\n" in data:
                self._cut(self._joined(data), ns)
            else:
                self._keep_partial(data, ns)
        elif data.startswith(b"\n"):
            # The blank line that was missing: the block is as old as its last line.
            self._rest = b""
            self.blocks(rest[:-1], self._rest_ns)
            if len(data) > 1:
                self._cut(data[1:], ns)
        elif self.stands_alone(rest[:-1]):
            self._rest = b""
            self.blocks(rest[:-1], self._rest_ns)
            self._cut(data, ns)
        else:
            self._cut(rest + data, ns)

    def _cut(self, data: bytes, ns: int) -> None:
        closed, blank, rest = data.rpartition(b"\n\n")
        if blank:
            if len(closed) > MAX_BLOCK and any(
                len(block) > MAX_BLOCK for block in closed.split(b"\n\n")
            ):
                raise BlockTooLongError
            self.blocks(closed, ns)
        if rest == b"\n":  # an odd newline between blocks
            rest = b""
        lines, newline, partial = rest.rpartition(b"\n")
        if newline and partial and self.stands_alone(lines):
            self.blocks(lines, ns)
            rest = partial
        if len(rest) - rest.endswith(b"\n") > MAX_BLOCK:
            raise BlockTooLongError
        self._rest = rest
        self._rest_ns = ns

    def _keep_partial(self, data: bytes, ns: int) -> None:
        """Keep a piece of a long line: joined when the line ends, or its size would be squared."""
        self._partial.append(data)
        self._partial_size += len(data)
        self._rest_ns = ns
        if len(self._rest) + self._partial_size > MAX_BLOCK:
            raise BlockTooLongError

    def _joined(self, data: bytes) -> bytes:
        if not self._partial:
            return self._rest + data
        joined = b"".join((self._rest, *self._partial, data))
        self._partial.clear()
        self._partial_size = 0
        return joined

    def _only_lf(self, data: bytes) -> bytes:
        if self._cr and data.startswith(b"\n"):
            data = data[1:]  # second half of a CRLF that was cut in two
            self._cr = False
            if not data:
                return b""
        self._cr = data.endswith(b"\r") if data else self._cr
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, data: bytes) -> bytes:
        """Leave out a byte order mark, which may come in pieces."""
        data = self._joined(data)
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._partial.append(data)
            return b""
        self._start = False
        return data.removeprefix(_BOM)

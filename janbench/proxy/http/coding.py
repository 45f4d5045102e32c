"""Undoes the compression of an event stream as it arrives.

Streams are asked for uncompressed; some servers, or what stands before them, compress all the same.
gzip and deflate are zlib's and can be undone piece by piece. Other codings can't with what Python
brings: a stream in one of them is passed on unread.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

_GZIP = 16 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}
# What servers write there though nothing is compressed: a charset, "none", an upload's framing.
_NOTHING = frozenset(
    {"", "identity", "none", "null", "utf-8", "utf8", "aws-chunked", "chunked", "binary", "8bit"}
)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


class CodingError(Exception):
    """The data isn't what its coding promises; the text says so and quotes nothing."""


class TooLargeError(Exception):
    """The data inflates to more than is allowed."""


def codings(header: bytes) -> list[str]:
    """Name the codings of a Content-Encoding that change the body; none for a plain body.

    What is not a plain word becomes `unknown`: it goes into details, which never quote the server.
    """
    names = (part.strip().lower() for part in header.decode("latin-1").split(","))
    return [name if _NAME.fullmatch(name) else "unknown" for name in names if name not in _NOTHING]


def inflater_for(names: Sequence[str], most: int) -> Inflater | None:
    """Make an inflater for these codings, to `most` bytes; None when they can't be undone."""
    return Inflater(names[0], most) if len(names) == 1 and names[0] in _WINDOWS else None


class Inflater:
    """Inflates one body; `unfinished` says that it has begun and its end has not come."""

    __slots__ = ("_broken", "_coding", "_first", "_room", "_undecided", "_zlib", "unfinished")

    def __init__(self, coding: str, most: int) -> None:
        self._room = most
        self._broken = False
        self._coding = coding
        self._first = b""
        self._undecided = coding == "deflate"
        self._zlib = zlib.decompressobj(_WINDOWS[coding])
        self.unfinished = False

    def feed(self, data: bytes) -> bytes:
        """Return what a piece inflates to, possibly nothing.

        Raises CodingError once for broken data, TooLargeError beyond the limit.
        """
        if self._broken:
            return b""
        self.unfinished = True
        if self._undecided:
            data = self._decide(data)
        found: list[bytes] = []
        while data:
            if self._zlib.eof:
                if self._coding == "deflate":
                    break  # what follows the end belongs to nobody
                self._zlib = zlib.decompressobj(_GZIP)  # gzips in a row are one body
            try:
                found.append(self._zlib.decompress(data, self._room + 1))
            except zlib.error:
                raise self._failure("is broken") from None
            self._room -= len(found[-1])
            if self._room < 0:
                self._broken = True
                raise TooLargeError
            data = self._zlib.unused_data
        self.unfinished = not self._zlib.eof
        return found[0] if len(found) == 1 else b"".join(found)

    def _failure(self, what: str) -> CodingError:
        self._broken, self.unfinished = True, False
        return CodingError(f"the stream's {self._coding} data {what}")

    def _decide(self, data: bytes) -> bytes:
        """See from two bytes whether `deflate` is zlib's format, as it should be, or raw.

        RFC 9110, section 8.4.1.2, notes that some servers leave zlib's wrapper out.
        """
        data = self._first + data
        if len(data) < 2:
            self._first = data
            return b""
        self._undecided = False
        if data[0] & 0x0F != 8 or int.from_bytes(data[:2], "big") % 31:  # RFC 1950, section 2.2
            self._zlib = zlib.decompressobj(_RAW)
        return data

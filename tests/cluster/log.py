"""A container's log: lines with the times at which they came."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_STEP_S = 0.1


@dataclass(frozen=True)
class _Line:
    at: float
    text: bytes


class CutError(Exception):
    """The connection is to break off here."""


class Log:
    """A log that is written and read at the same time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: list[_Line] = []
        self._ended = False

    def write(self, line: bytes) -> None:
        """Add a line."""
        with self._changed:
            self._lines.append(_Line(time.time(), line))
            self._changed.notify_all()

    def end(self) -> None:
        """Tell that nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def text(self) -> bytes:
        """Return everything so far."""
        with self._changed:
            return b"".join(line.text for line in self._lines)

    def read(
        self, query: Mapping[str, str], closing: Callable[[], bool], rotated: int | None = None
    ) -> Iterator[bytes]:
        """Return the log as the parameters of a log request say."""
        follow = query.get("follow") == "true"
        at = self._start(query, rotated)
        left = int(query["limitBytes"]) if "limitBytes" in query else None
        while True:
            lines, ended = self._after(at, wait=follow)
            at += len(lines)
            text = b"".join(_shown(line, query) for line in lines)
            if left is not None:
                text = text[:left]
                left -= len(text)
            if text:
                yield text
            if left == 0 or not follow or (ended and not lines) or closing():
                return

    def _after(self, at: int, wait: bool) -> tuple[list[_Line], bool]:
        with self._changed:
            if wait and at >= len(self._lines) and not self._ended:
                self._changed.wait(_STEP_S)
            return self._lines[at:], self._ended

    def _start(self, query: Mapping[str, str], rotated: int | None) -> int:
        with self._changed:
            at = _beyond(self._lines, rotated) if rotated else 0
            if "tailLines" in query:
                at = max(at, len(self._lines) - int(query["tailLines"]))
            if "sinceSeconds" in query:
                since = time.time() - int(query["sinceSeconds"])
                at = max(at, sum(line.at < since for line in self._lines))
            return at


def cut_after(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Break off after `limit` bytes."""
    for chunk in chunks:
        if len(chunk) >= limit:
            yield chunk[:limit]
            raise CutError
        limit -= len(chunk)
        yield chunk


def _beyond(lines: list[_Line], size: int) -> int:
    """Return the index of the first line that starts at `size` or later; 0 for a shorter log."""
    seen = 0
    for index, line in enumerate(lines):
        if seen >= size:
            return index
        seen += len(line.text)
    return len(lines) if seen > size else 0


def _shown(line: _Line, query: Mapping[str, str]) -> bytes:
    if query.get("timestamps") != "true":
        return line.text
    at = datetime.datetime.fromtimestamp(line.at, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + line.text

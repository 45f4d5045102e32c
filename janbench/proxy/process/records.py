"""Writes records to disk off the event loop, as JSON lines.

A record is encoded where it is made (C code, some microseconds) and written by a thread that
sleeps in the kernel meanwhile, so that the event loop never waits for the disk and the thread
never holds the interpreter for long. At most a quarter of a second is lost in a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import orjson

from janbench.model.results.record import Record

_FLUSH_EVERY_S = 0.25
_FLUSH_BYTES = 1 << 20


class RecordWriter:
    """A journal on disk; `on_error` is called from the thread when the disk refuses."""

    def __init__(self, path: Path, on_error: Callable[[OSError], None]) -> None:
        self._path = path
        self._on_error = on_error
        self._lock = threading.Lock()  # held to swap or to append, never while writing
        self._waiting = bytearray()
        self._depth = 0
        self._wake = threading.Event()
        self._closing = False
        self._file = path.open("ab", buffering=0)
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self.depth_max = 0
        self._thread.start()

    def add(self, record: Record) -> None:
        """Take one record; returns at once."""
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        with self._lock:
            # One buffer: orjson's results each keep the room that they were written in.
            self._waiting += line
            self._depth += 1
        if len(self._waiting) > _FLUSH_BYTES:
            self._wake.set()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._wake.wait(_FLUSH_EVERY_S)
                self._wake.clear()
                self._drain()
            self._drain()
        except OSError as error:
            self._on_error(error)

    def _drain(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, bytearray()
            depth, self._depth = self._depth, 0
        self.depth_max = max(self.depth_max, depth)
        rest = memoryview(waiting)
        while rest:
            rest = rest[self._file.write(rest) :]


class NoRecords:
    """A journal that keeps nothing, for a proxy without a records folder."""

    depth_max = 0

    def add(self, record: Record) -> None:
        """Drop the record."""

    def close(self) -> None:
        """Nothing waits."""

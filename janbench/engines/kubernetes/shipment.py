"""Files sent through a container's log, the one way out of a pod that needs no further rights.

The sender writes lines, `janbench {json}`: pieces of files, each with its place in the file, and at
the end the length and checksum of every file. A reader may therefore begin again at any time, and
knows for certain whether it has everything.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from janbench.model.job import Progress

_MARK = "janbench {"
# Container runtimes cut lines at 16 KiB; a piece that doesn't shrink takes 11 KiB.
_PIECE = 8 * 1024
_GROWING = ("records-*.jsonl", "*.csv.gz")
_FINAL = ("stats.json", "summary.json")


def is_shipment(line: str) -> bool:
    """Whether a line of a log is part of a shipment, which says nothing to a reader."""
    return line.startswith(_MARK)


class ShipmentSender:
    """Sends what is in a folder; `write` gets whole lines without their end."""

    def __init__(self, folder: Path, write: Callable[[str], None]) -> None:
        self._folder = folder
        self._write = write
        self._sent: dict[str, tuple[int, int]] = {}  # name -> bytes, checksum

    def grown(self) -> None:
        """Send what the files that only grow have more of than before."""
        for pattern in _GROWING:
            for path in sorted(self._folder.glob(pattern)):
                self._send(path)

    def progress(self, seen: Progress, began: float | None, paused: bool) -> None:
        """Send a glance at k6.

        `began` is when it started its load, in seconds since 1970; `paused`: it waits for that.
        """
        known = {name: value for name, value in asdict(seen).items() if value is not None}
        self._line({"progress": known, "began": began, "paused": paused})

    def finish(self, ended: float | None) -> None:
        """Send the rest, what there should be, and when k6 ended, in seconds since 1970."""
        self.grown()
        for name in _FINAL:
            self._send(self._folder / name)
        sent = {name: list(known) for name, known in self._sent.items()}
        self._line({"end": sent, "ended": ended})

    def _send(self, path: Path) -> None:
        length, checksum = self._sent.get(path.name, (0, 0))
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(length)
            while piece := file.read(_PIECE):
                packed = base64.b64encode(zlib.compress(piece)).decode("ascii")
                self._line({"file": path.name, "at": length, "data": packed})
                length, checksum = length + len(piece), zlib.crc32(piece, checksum)
                self._sent[path.name] = (length, checksum)

    def _line(self, content: Mapping[str, Any]) -> None:
        self._write(f"janbench {json.dumps(content, separators=(',', ':'))}")


class ShipmentReceiver:
    """Puts the files together again in a folder.

    `progress`, `paused`, `began` and `ended` (of k6) are the latest seen; `complete` turns true
    with the end of a shipment of which nothing is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._got: dict[str, tuple[int, int]] = {}
        self._gap = False
        self.progress: Progress | None = None
        self.paused = False
        self.began: float | None = None
        self.ended: float | None = None
        self.complete = False
        self.problem = ""

    def take(self, line: str) -> None:
        """Take a line of the log; what isn't of a shipment is left alone."""
        if is_shipment(line):
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, zlib.error):
                self._understand(json.loads(line.removeprefix("janbench ")))

    def _understand(self, content: dict[str, Any]) -> None:
        if "file" in content:
            try:
                self._piece(content["file"], content["at"], content["data"])
            except OSError as error:
                self.problem, self._gap = f"can't be written: {error.strerror}", True
        elif "progress" in content:
            self.progress = Progress(**content["progress"])
            self.began = content["began"] or self.began
            self.paused = content["paused"]
        elif "end" in content:
            announced = {name: tuple(sent) for name, sent in content["end"].items()}
            self.ended = content["ended"]
            self.complete = announced == self._got and not self._gap

    def _piece(self, name: str, at: int, data: str) -> None:
        if "/" in name or not any(fnmatch.fnmatch(name, known) for known in (*_GROWING, *_FINAL)):
            return  # a pod doesn't say what else lies here
        length, checksum = self._got.get(name, (0, 0))
        piece = zlib.decompressobj().decompress(base64.b64decode(data), _PIECE)
        fresh = piece[max(0, length - at) :]  # the rest was seen before: the sender began anew
        if not fresh:
            return
        with (self._folder / name).open("ab") as file:
            if at > length:
                self._gap = True
                file.write(b"\n")  # the line before it is cut short
            file.write(fresh)
        self._got[name] = (at + len(piece), zlib.crc32(fresh, checksum))

"""The last seconds of a run, read from the records while the timing proxy writes them."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import orjson

from janbench.model.http.rate_limit import TOO_MANY
from janbench.model.job import Progress

WINDOW_S = 10.0


class LiveRecords:
    """Follows `records-*.jsonl` of folders; each look reads only what is new.

    A line that isn't whole yet is left for the next look. `notice` gets a sentence at the first
    refusal by a rate limit.
    """

    def __init__(self, folders: Sequence[Path], notice: Callable[[str], None]) -> None:
        self._folders = folders
        self._notice = notice
        self._limited = False
        self._files: dict[Path, BinaryIO] = {}
        self._rests: dict[Path, bytes] = {}
        self._rows: deque[tuple[float, float | None, int]] = deque()
        self._errors: Counter[str] = Counter()

    def enrich(self, progress: Progress) -> Progress:
        """Return the glance with TTFT and tokens of the last 10 s, and all failures by class."""
        self._read()
        newest = self._rows[-1][0] if self._rows else 0.0
        while self._rows and self._rows[0][0] < newest - WINDOW_S:
            self._rows.popleft()
        first_tokens = sorted(ttft for _, ttft, _ in self._rows if ttft is not None)
        span = min(WINDOW_S, max(1.0, progress.elapsed_s))
        tokens = sum(count for _, _, count in self._rows)
        return replace(
            progress,
            ttft_p50_ms=_quantile(first_tokens, 0.50),
            ttft_p95_ms=_quantile(first_tokens, 0.95),
            tokens_per_s=tokens / span if tokens else None,
            errors=dict(self._errors.most_common()),
        )

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            file.close()

    def _read(self) -> None:
        for path in (p for f in self._folders for p in sorted(f.glob("records-*.jsonl"))):
            if path not in self._files:
                with contextlib.suppress(OSError):
                    self._files[path] = path.open("rb")
        for path, file in self._files.items():
            *lines, rest = (self._rests.get(path, b"") + file.read()).split(b"\n")
            self._rests[path] = rest
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        with contextlib.suppress(orjson.JSONDecodeError):
            row = orjson.loads(line)
            if row.get("integrity") != "ok":
                self._errors[str(row.get("integrity"))] += 1
                if row.get("status") == TOO_MANY and not self._limited:
                    self._limited = True
                    said = f" ({row['rate_limit']})" if "rate_limit" in row else ""
                    self._notice(f"The target answers with status 429: a rate limit holds{said}.")
                return
            self._rows.append((row["time"], row.get("ttft_ms"), row.get("output_tokens") or 0))


def _quantile(ordered: list[float], share: float) -> float | None:
    """Return the sample at a share of the ordered ones: exact enough for a glance."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None

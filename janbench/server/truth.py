"""Ground truth: for each request, when it was read and when each token really left."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

# 16 million timestamps are 128 MiB: long streams must not turn a bounded table into a leak.
TIMESTAMP_LIMIT = 16_000_000
# Building a page holds up the streams: about 10 ms for a thousand rows.
PAGE = 1_000


def _no_times() -> array[int]:
    return array("q")


@dataclass(slots=True)
class TruthRow:
    """One request to the API; times are `time.perf_counter_ns` (CLOCK_MONOTONIC), 0 = not yet."""

    index: int
    method: str
    path: str
    request_id: str
    body_sha256: str
    received_ns: int
    epoch_s: float
    context: dict[str, str]
    status: int = 0
    stream: bool = False
    fault: str = ""
    tokens: int = 0
    prompt_tokens: int = 0
    queue_ns: int = 0
    headers_sent_ns: int = 0
    token_ns: array[int] = field(default_factory=_no_times)
    last_event_ns: int = 0
    end_ns: int = 0
    client_gone: bool = False

    def to_json(self) -> dict[str, Any]:
        """The row as it appears in `/__truth`; a time that hasn't come is null."""
        return {
            "index": self.index,
            "method": self.method,
            "path": self.path,
            "request_id": self.request_id,
            "scenario": self.context.get("scenario"),
            "step": self.context.get("step"),
            "lane": self.context.get("lane"),
            "context": self.context,
            "received_ns": self.received_ns,
            "epoch_s": self.epoch_s,
            "queue_ns": self.queue_ns,
            "headers_sent_ns": self.headers_sent_ns or None,
            "token_ns": self.token_ns.tolist(),
            "last_event_ns": self.last_event_ns or None,
            "end_ns": self.end_ns or None,
            "status": self.status,
            "stream": self.stream,
            "tokens": self.tokens,
            "prompt_tokens": self.prompt_tokens,
            "body_sha256": self.body_sha256,
            "fault": self.fault or None,
            "client_gone": self.client_gone,
        }


class Truth:
    """The newest `limit` requests; older ones are dropped and counted."""

    def __init__(self, limit: int) -> None:
        self._rows: deque[TruthRow] = deque()
        self._limit = limit
        self._timestamps = 0
        self.next_index = 0
        self.dropped = 0

    def open(self, row: TruthRow) -> None:
        """Add the row of a request that has just been read."""
        self._rows.append(row)
        self.next_index = row.index + 1
        if len(self._rows) > self._limit:
            self._drop()

    def close(self, row: TruthRow) -> None:
        """Count the timestamps of a finished row against the limit."""
        if not self._rows or row.index < self._rows[0].index:
            return
        self._timestamps += len(row.token_ns)
        while self._timestamps > TIMESTAMP_LIMIT and len(self._rows) > 1:
            self._drop()

    def clear(self) -> None:
        """Forget all rows; indexes go on counting."""
        self._rows.clear()
        self._timestamps = 0
        self.dropped = 0

    def page(self, since: int) -> dict[str, Any]:
        """Up to 1,000 rows from index `since` on.

        `next` is the index to ask for next, null when there are no more; `dropped` counts the
        rows that fell out of the table since it was last cleared.
        """
        first = self._rows[0].index if self._rows else self.next_index
        skip = max(0, since - first)
        rows = list(islice(self._rows, skip, skip + PAGE))
        more = skip + len(rows) < len(self._rows)
        return {
            "clock": "perf_counter_ns",
            "rows": [row.to_json() for row in rows],
            "next": rows[-1].index + 1 if more else None,
            "total": len(self._rows),
            "dropped": self.dropped,
        }

    def __iter__(self) -> Iterator[TruthRow]:
        return iter(self._rows)

    def _drop(self) -> None:
        row = self._rows.popleft()
        self.dropped += 1
        if row.end_ns:
            self._timestamps -= len(row.token_ns)

"""The record: one row for each HTTP request of a run, and the table of its columns.

The timing proxy writes records as JSON lines; the results turn them into Parquet. Both read
`COLUMNS`, so a column is named, typed and explained in one place.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict


class Record(TypedDict, total=False):
    """One request; a key that could not be measured is absent. Meanings and units: `COLUMNS`."""

    time: float
    start_ns: int
    scenario: str
    step: str
    lane: str
    vu: int
    iteration: int
    iteration_at_ms: int
    name: str
    prompt: str
    method: str
    path: str
    status: int
    origin: str
    integrity: str
    stream: bool
    bytes_sent: int
    bytes_received: int
    ttfb_ms: float
    first_event_ms: float
    ttft_ms: float
    ttft_visible_ms: float
    tpot_ms: float
    e2e_ms: float
    finalize_ms: float
    gaps_ms: list[float]
    widths_ms: list[float]
    sent_together: int
    proxy_before_ms: float
    start_width_ms: float
    input_tokens: int
    output_tokens: int
    tokens_source: str
    reasoning_tokens: int
    content_events: int
    finish_reason: str
    request_id: str
    rate_limit: str
    trace_id: str
    notes: str
    detail: str


class Column(NamedTuple):
    """One column of the records: `sql_type` is a DuckDB type, `unit` is empty for plain values."""

    name: str
    sql_type: str
    unit: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column(
        "time",
        "DOUBLE",
        "s",
        "Unix time at which the request had been written to the target; always present",
    ),
    Column("start_ns", "BIGINT", "ns", "the same moment on the machine's monotonic clock"),
    Column("scenario", "VARCHAR", "", "scenario that sent the request"),
    Column("step", "VARCHAR", "", "step of the scenario"),
    Column("lane", "VARCHAR", "", "lane of the scenario: nonstream or stream"),
    Column("vu", "INTEGER", "", "number of the virtual user"),
    Column("iteration", "BIGINT", "", "iteration of the scenario"),
    Column(
        "iteration_at_ms",
        "BIGINT",
        "ms",
        "from the start of the lane's load to the start of the iteration",
    ),
    Column("name", "VARCHAR", "", "name tag of the request: the URL without ids"),
    Column("prompt", "VARCHAR", "", "label of the prompt, never its text"),
    Column("method", "VARCHAR", "", "HTTP method"),
    Column("path", "VARCHAR", "", "path of the request, without its query"),
    Column("status", "INTEGER", "", "HTTP status that the client got; absent if it got none"),
    Column("origin", "VARCHAR", "", "who answered: target, or proxy (502/504 made by the proxy)"),
    Column("integrity", "VARCHAR", "", "class of the answer; anything but ok is a failed request"),
    Column("stream", "BOOLEAN", "", "the answer was, or was asked to be, an event stream"),
    Column("bytes_sent", "BIGINT", "bytes", "request body"),
    Column("bytes_received", "BIGINT", "bytes", "response body as it came from the target"),
    Column("ttfb_ms", "DOUBLE", "ms", "request written to first byte of the response headers"),
    Column("first_event_ms", "DOUBLE", "ms", "request written to first event of any kind"),
    Column("ttft_ms", "DOUBLE", "ms", "request written to first content, reasoning or tool call"),
    Column("ttft_visible_ms", "DOUBLE", "ms", "request written to first text that the user sees"),
    Column("tpot_ms", "DOUBLE", "ms", "(last content - first content) / (output tokens - 1)"),
    Column(
        "e2e_ms", "DOUBLE", "ms", "request written to last content (stream) or to the full body"
    ),
    Column("finalize_ms", "DOUBLE", "ms", "last content to the end of the response"),
    Column("gaps_ms", "FLOAT[]", "ms", "gaps between consecutive content events, in order"),
    Column(
        "widths_ms",
        "FLOAT[]",
        "ms",
        "by how much each content event may have come before its time, as it was read together "
        "with later ones; absent where none was",
    ),
    Column(
        "sent_together",
        "INTEGER",
        "",
        "content events that came in one packet with the one before: the target sent them at once",
    ),
    Column(
        "proxy_before_ms",
        "DOUBLE",
        "ms",
        "from the arrival of the request's last byte at the timing proxy to its being sent on; in "
        "no other figure; absent without the kernel's clock",
    ),
    Column(
        "start_width_ms",
        "DOUBLE",
        "ms",
        "by how much the request may have left after its start was noted; absent below 0.2 ms",
    ),
    Column("input_tokens", "BIGINT", "tokens", "prompt tokens, as the target's usage says"),
    Column(
        "output_tokens", "BIGINT", "tokens", "tokens of usage, else the count of content events"
    ),
    Column("tokens_source", "VARCHAR", "", "where output_tokens comes from: usage or estimated"),
    Column("reasoning_tokens", "BIGINT", "tokens", "those of them that usage calls reasoning"),
    Column("content_events", "INTEGER", "", "events that carried content, reasoning or tool calls"),
    Column("finish_reason", "VARCHAR", "", "why the model stopped, as the target says"),
    Column("request_id", "VARCHAR", "", "X-Request-ID of the response"),
    Column("rate_limit", "VARCHAR", "", "with status 429: the limit, as the headers tell it"),
    Column("trace_id", "VARCHAR", "", "trace id of the request's W3C traceparent (--trace)"),
    Column("notes", "VARCHAR", "", "what should be known of an answer, good or not; `; ` between"),
    Column(
        "detail",
        "VARCHAR",
        "",
        "short reason for a class other than ok, or for times that are absent",
    ),
)


def duckdb_columns() -> dict[str, str]:
    """Map each column to its DuckDB type, in order.

    Meant for `read_json(FILES, format='newline_delimited', ignore_errors=true, columns=...)` with
    `WHERE time IS NOT NULL`: a line that a crash cut short reads as a row of NULLs, and `time` is
    the one column that every whole record has.
    """
    return {column.name: column.sql_type for column in COLUMNS}

"""The figures of one exchange, as the tail of a stream and as a record.

Definitions: request written -> first response byte (`ttfb_ms`), first event, first content
(`ttft_ms`), last content (`e2e_ms` of a stream) or full body (`e2e_ms` otherwise); last content ->
end (`finalize_ms`). All from one monotonic clock, in ms; a figure that can't be taken is absent.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from janbench.model.results.record import Record
from janbench.proxy.stream.dialects import Frame
from janbench.proxy.stream.integrity import Verdict
from janbench.proxy.stream.reader import StreamReader
from janbench.proxy.stream.reply import reply_notes

TAIL_VERSION = 1
_LONG_SEND_NS = 200_000


@dataclass(frozen=True)
class Moments:
    """When things happened, in perf_counter_ns; 0 means never."""

    written: int
    first_byte: int
    end: int


def stream_figures(reader: StreamReader, moments: Moments) -> Record:
    """Return timings, tokens and finish reason of an event stream."""
    watch, start = reader.watch, moments.written
    answer = reader.answer
    tokens = answer.output_tokens()
    figures = {
        "ttfb_ms": _ms(start, moments.first_byte),
        "first_event_ms": _ms(start, watch.first_event_ns),
        "ttft_ms": _ms(start, watch.first_ns),
        "ttft_visible_ms": _ms(start, watch.first_visible_ns),
        # What was thought in secret took its time before the first content.
        "tpot_ms": _rounded(watch.tpot_ms(tokens[0] - answer.hidden_tokens())) if tokens else None,
        "e2e_ms": _ms(start, watch.last_ns),
        "finalize_ms": _ms(watch.last_ns, moments.end),
        "input_tokens": reader.usage.input_tokens if reader.usage else None,
        "output_tokens": tokens[0] if tokens else None,
        "tokens_source": tokens[1] if tokens else None,
        "reasoning_tokens": reader.usage.reasoning_tokens if reader.usage else None,
        "content_events": None if reader.unread else watch.count,
        "sent_together": watch.sent_together or None,
        "finish_reason": reader.finish_reason or None,
        "notes": "; ".join(answer.notes()) or None,
    }
    return cast(Record, {key: value for key, value in figures.items() if value is not None})


def reply_figures(frame: Frame, moments: Moments, *, whole: bool) -> Record:
    """Return timings, tokens and finish reason of a plain reply that says `frame`."""
    usage = frame.usage
    output = usage.output_tokens if usage else None
    figures = {
        "ttfb_ms": _ms(moments.written, moments.first_byte),
        "e2e_ms": _ms(moments.written, moments.end) if whole else None,
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": output,
        "tokens_source": "usage" if output is not None else None,
        "reasoning_tokens": usage.reasoning_tokens if usage else None,
        "finish_reason": frame.finish_reason or None,
        "notes": "; ".join(reply_notes(frame)) or None,
    }
    return cast(Record, {key: value for key, value in figures.items() if value is not None})


def sending(arrived: int, written: int, sent: int) -> Record:
    """Return what is known of a request's way through the proxy, times as in `Moments`.

    Its start is noted before it is handed to the kernel: what that took, it may have left later.
    """
    figures: Record = {"proxy_before_ms": round((written - arrived) / 1e6, 4)}
    if sent - written > _LONG_SEND_NS:
        figures["start_width_ms"] = round((sent - written) / 1e6, 4)
    return figures


def tail_comment(
    figures: Record,
    reader: StreamReader,
    lists: Mapping[str, list[float]],
    verdict: Verdict,
    secret: bytes,
) -> bytes:
    """Write the SSE comment that carries a stream's figures to the script.

    With a secret it is signed (HMAC-SHA256, in hex, before the JSON), so that a script can tell it
    from one that a target wrote.
    """
    tail: dict[str, Any] = {"v": TAIL_VERSION, **figures, "integrity": verdict.kind}
    mean = reader.watch.itl_mean_ms()
    if mean is not None:
        tail["itl_mean_ms"] = _rounded(mean)
        tail["itl_max_ms"] = max(lists["gaps_ms"])
    if verdict.detail:
        tail["detail"] = verdict.detail
    report = orjson.dumps(tail)
    signature = hmac.digest(secret, report, "sha256").hex().encode() + b" " if secret else b""
    return b": janbench %b%b\n\n" % (signature, report)


def _ms(start: int, end: int) -> float | None:
    return round((end - start) / 1e6, 4) if start and end else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

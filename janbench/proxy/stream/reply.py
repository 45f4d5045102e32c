"""A whole (not streamed) reply: what it says, and its class."""

from __future__ import annotations

from janbench.dialects import UNKNOWN, dialects
from janbench.proxy.stream import integrity
from janbench.proxy.stream.dialects import Frame, read_reply
from janbench.proxy.stream.json_text import parse


def read_whole(body: bytes | None) -> Frame:
    """Say what a body carries; nothing if it is empty or not JSON."""
    return read_reply(parse(body)) if body else Frame()


def judge_reply(
    found: integrity.Found, body: bytes | None, frame: Frame, wants: str, stand_in: tuple[str, ...]
) -> None:
    """Note what is wrong with a body that came complete, under a good status.

    `wants` is what was asked for: `stream`, `json` or nothing, if it isn't known. `body` None: it
    is unknown what came.
    """
    reply = parse(body) if body else None
    if wants == "stream":
        if frame.error is not None:
            _error(found, "a JSON error instead of a stream", frame.error)
        found.add(integrity.NOT_A_STREAM, "a stream was asked for, something else came")
    elif wants == "json" and body is not None and not isinstance(reply, dict | list):
        found.add(integrity.NOT_JSON, "a whole answer was asked for, no JSON came")
    elif frame.dialect or (wants and frame.error is not None):
        _judge_answer(found, frame, wants)
    if stand_in and isinstance(reply, dict) and str(reply.get("id")).startswith(stand_in):
        _error(found, "a stand-in answer in the model's place", "")


def reply_notes(frame: Frame) -> list[str]:
    """Name what should be known though it makes no answer bad: keys of the table's `notes`."""
    found = []
    if frame.finish_reason and dialects().meaning(frame.finish_reason) == UNKNOWN:
        found.append(f"unknown_finish_reason: {frame.finish_reason}")
    if frame.whole and frame.usage is not None and frame.usage.output_tokens == 0:
        found.append("zero_usage")
    return found


def _judge_answer(found: integrity.Found, frame: Frame, wants: str) -> None:
    if frame.error is not None:
        _error(found, "an error in the answer", frame.error)
    elif frame.failed:
        _error(found, "a finish reason that means failure", frame.failed)
    elif wants and not frame.whole and frame.content is None:
        found.add(integrity.NO_CONTENT, "no content in the answer")


def _error(found: integrity.Found, what: str, code: str) -> None:
    found.add(integrity.IN_BAND_ERROR, what + (f": {code}" if code else ""))

"""What a frame of an event stream says, or a whole answer, by the table of dialects.

Known are OpenAI's chat completion chunks with what other servers add to them, text completions,
OpenAI's Responses events with Jan's two dialects of them (v1 sends `[DONE]` before
`response.completed`; v2 names its events only in the `event:` line), and Anthropic's messages.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Any, NamedTuple

from janbench.dialects import dialects
from janbench.proxy.stream import content as contents
from janbench.proxy.stream.content import Content, Json
from janbench.proxy.stream.errors import error_code, is_error, says_something
from janbench.proxy.stream.usage import Usage, read_usage

_TABLE = dialects()

DONE = "done"
COMPLETED = "response.completed"
END_MARKERS = frozenset({DONE, COMPLETED})

_ODD = re.compile(r"[^A-Za-z0-9 _.:/-]")
_MOST_REASON = 64


class Frame(NamedTuple):
    """What one JSON frame says; `dialect` is empty for frames of no dialect.

    `whole` are the kinds of content that only count where no piece of them came before; `choices`
    the numbers of the choices in it, `finished` those that have a finish reason.
    """

    dialect: str = ""
    content: Content | None = None
    whole: tuple[Content, ...] = ()
    usage: Usage | None = None
    finish_reason: str = ""
    failed: str = ""
    error: str | None = None
    end_marker: str = ""
    choices: tuple[int, ...] = ()
    finished: tuple[int, ...] = ()


def read_frame(event: str, frame: Json) -> Frame:
    """Say what a frame carries; `event` is the name of its `event:` line, or empty."""
    kind = frame.get("type")
    name = kind if isinstance(kind, str) and kind else event
    if not (name in _TABLE.events or name in _TABLE.whole_events or name in _TABLE.ends):
        # Jan v1 names Responses events `response.*` in the line and a type of its own within.
        name = event if event in _TABLE.events or event in _TABLE.ends else name
    error = error_code(frame) if is_error(frame, name, event) else None
    choices = frame.get("choices")
    if isinstance(choices, list):
        return _read_chat(frame, choices, error)
    if fields := _TABLE.events.get(name):
        return Frame(_dialect(name), contents.of_piece(frame, fields), error=error)
    if name.startswith("response.") or name in _TABLE.ends:
        return _read_event(name, frame, error)
    delta = frame.get("delta")
    reason = reason_of(delta.get("stop_reason")) if isinstance(delta, dict) else ""
    return Frame(usage=read_usage(frame), finish_reason=reason, failed=_failed(reason), error=error)


def read_reply(reply: object) -> Frame:
    """Say what a whole (not streamed) JSON reply carries; `dialect` is empty for other replies."""
    if not isinstance(reply, dict):
        return Frame()
    error = error_code(reply) if is_error(reply) else None
    choices = reply.get("choices")
    if isinstance(choices, list):
        return _read_chat(reply, choices, error)
    usage, output = read_usage(reply), reply.get("output")
    if reply.get("object") == "response" or isinstance(output, list):
        reason = reason_of(reply.get("status"))
        kinds = tuple(contents.of_items(output))
        return Frame("responses", None, kinds, usage, reason, _failed(reason), error)
    reason = reason_of(reply.get("stop_reason"))
    return Frame(usage=usage, finish_reason=reason, failed=_failed(reason), error=error)


def reason_of(value: object) -> str:
    """Return a finish reason as it may be shown, empty where none is named."""
    if value is None:
        return ""
    if isinstance(value, dict):  # SGLang's own form
        value = value.get("type")
    if not isinstance(value, str) or not _TABLE.meaning(value):
        return ""
    return _ODD.sub("?", value)[:_MOST_REASON]


def _read_chat(frame: Json, choices: list[Any], error: str | None) -> Frame:
    kinds: list[Content] = []
    whole: list[Content] = []
    seen: list[int] = []
    finished: list[int] = []
    reason = failed = ""
    for position, choice in enumerate(choices):
        if not isinstance(choice, dict):
            continue
        number = choice.get("index")
        number = number if isinstance(number, int) else position
        seen.append(number)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            kinds += contents.of_delta(delta)
        if choice.get("text"):
            kinds += contents.of_value(choice["text"], Content.VISIBLE)
        message = choice.get("message")
        if isinstance(message, dict):
            whole += contents.of_delta(message)
        if word := reason_of(choice.get("finish_reason")):
            finished.append(number)
            reason = word
            failed = failed or _failed(word)
        if error is None and says_something(choice.get("error")):
            error = error_code(choice)
    return Frame(
        "chat",
        contents.leading(iter(kinds)) if kinds else None,
        tuple(whole),
        read_usage(frame),
        reason,
        failed,
        error,
        "",
        tuple(seen),
        tuple(finished),
    )


def _read_event(name: str, frame: Json, error: str | None) -> Frame:
    whole: tuple[Content, ...] = ()
    if whole_fields := _TABLE.whole_events.get(name):
        done = not name.endswith(".added")
        whole = tuple(contents.of_fields(frame, whole_fields, done=done))
    end = _TABLE.ends.get(name)
    reason = _end_reason(end, frame) if end else ""
    return Frame(
        _dialect(name),
        None,
        whole,
        read_usage(frame),
        reason,
        _failed(reason),
        error,
        end["marker"] if end else "",
    )


def _dialect(name: str) -> str:
    return "responses" if name.startswith("response.") else "messages"


def _end_reason(end: dict[str, str], frame: Json) -> str:
    body = frame.get("response")
    whole = body if isinstance(body, dict) else frame
    named = contents.at(whole, ("incomplete_details", "reason"))
    status = whole.get("status")
    candidates = chain([named], [status] if _TABLE.meaning(str(status)) == "failed" else [])
    reasons = (reason_of(candidate) for candidate in candidates)
    return next((reason for reason in reasons if reason), end.get("finish", ""))


def _failed(reason: str) -> str:
    return reason if reason and _TABLE.meaning(reason) == "failed" else ""

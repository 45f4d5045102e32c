"""What a frame of an event stream says: one table for each dialect of LLM streams.

Chat: OpenAI chat completion chunks, with the reasoning fields of vLLM, llama.cpp and Jan, and
the older text completions. Responses: OpenAI's Responses events and Jan's two dialects of them
(v1 adds `[DONE]` before `response.completed`; v2 names its events only in the `event:` line).
Sources: OpenAI API reference, Jan Server's gateway and response-api.
"""

from __future__ import annotations

import enum
import re
from typing import Any, NamedTuple

Json = dict[str, Any]


class Content(enum.Enum):
    """What kind of output a content-bearing event carries."""

    VISIBLE = "visible"
    REASONING = "reasoning"
    TOOL = "tool"


class Usage(NamedTuple):
    """Token counts that the server reports; None where it doesn't."""

    input_tokens: int | None
    output_tokens: int | None


class Frame(NamedTuple):
    """What one JSON frame says; `dialect` is empty for frames of neither dialect."""

    dialect: str = ""
    content: Content | None = None
    usage: Usage | None = None
    finish_reason: str = ""
    error: str | None = None
    end_marker: str = ""


DONE = "done"
COMPLETED = "response.completed"
END_MARKERS = frozenset({DONE, COMPLETED})

# field of a chat delta -> what it is; the first non-empty one of the delta counts
CHAT_DELTA: dict[str, Content] = {
    "content": Content.VISIBLE,
    "refusal": Content.VISIBLE,
    "reasoning_content": Content.REASONING,
    "reasoning": Content.REASONING,
    "tool_calls": Content.TOOL,
    "function_call": Content.TOOL,
}

# Responses event -> (field that must be non-empty, what it is)
RESPONSES_CONTENT: dict[str, tuple[str, Content]] = {
    "response.output_text.delta": ("delta", Content.VISIBLE),
    "response.refusal.delta": ("delta", Content.VISIBLE),
    "response.reasoning_text.delta": ("delta", Content.REASONING),
    "response.reasoning_summary_text.delta": ("delta", Content.REASONING),
    "response.function_call_arguments.delta": ("delta", Content.TOOL),
    "response.custom_tool_call_input.delta": ("delta", Content.TOOL),
    "response.mcp_call_arguments.delta": ("delta", Content.TOOL),
    "response.tool_call": ("call", Content.TOOL),
}

ERROR_EVENTS = frozenset({"error", "response.error", "response.failed"})

# An error code may be shown; a message may quote the request. Words and UUIDs only.
_SAFE_CODE = re.compile(r"[a-z][a-z_]{1,39}|[0-9]{3}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FINISH = re.compile(r"[A-Za-z_]{1,40}")


def read_frame(event: str, frame: Json) -> Frame:
    """Say what a frame carries; `event` is the name of its `event:` line, or empty."""
    kind = frame.get("type")
    name = kind if isinstance(kind, str) and kind else event
    if frame.get("error") is not None or frame.get("object") == "error":
        return Frame(error=error_code(frame))
    if name and (name in ERROR_EVENTS or event in ERROR_EVENTS):
        return Frame(error=error_code(frame))
    if "choices" in frame:
        return _read_chat(frame)
    if name.startswith("response."):
        return _read_responses(name, frame)
    return Frame()


def read_usage(usage: object) -> Usage | None:
    """Read a usage object of either naming; None when it isn't one."""
    if not isinstance(usage, dict):
        return None
    found = Usage(
        _count(usage, "prompt_tokens", "input_tokens"),
        _count(usage, "completion_tokens", "output_tokens"),
    )
    return None if found == (None, None) else found


def read_reply(reply: object) -> Frame:
    """Say what a whole (not streamed) JSON reply carries: usage and finish reason."""
    if not isinstance(reply, dict):
        return Frame()
    return Frame(
        usage=read_usage(reply.get("usage")),
        finish_reason=_finish_of(reply.get("choices")) or _finish_word(reply.get("status")),
    )


def error_code(frame: Json) -> str:
    """Return the error's code or type when it is a plain word or UUID, else an empty string."""
    places: list[Json] = [frame]
    for key in ("error", "data", "response"):
        inner = frame.get(key)
        if isinstance(inner, dict):
            places.insert(0, inner)
            if isinstance(inner.get("error"), dict):
                places.insert(0, inner["error"])
    for place in places:
        for key in ("code", "type"):
            value = place.get(key)
            if isinstance(value, int):
                value = str(value)
            if isinstance(value, str) and _SAFE_CODE.fullmatch(value):
                return value
    return ""


def _read_chat(frame: Json) -> Frame:
    choices = frame["choices"]
    content = None
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict):
                content = content or _chat_content(choice)
    usage = frame.get("usage")
    return Frame("chat", content, usage and read_usage(usage), _finish_of(choices))


def _chat_content(choice: Json) -> Content | None:
    delta = choice.get("delta")
    if isinstance(delta, dict):
        for key, value in delta.items():
            if value and key in CHAT_DELTA:
                return CHAT_DELTA[key]
    return Content.VISIBLE if choice.get("text") else None


def _read_responses(name: str, frame: Json) -> Frame:
    carries = RESPONSES_CONTENT.get(name)
    if carries is not None:
        key, kind = carries
        return Frame(dialect="responses", content=kind if frame.get(key) else None)
    if name not in (COMPLETED, "response.incomplete"):
        return Frame(dialect="responses")
    body = frame.get("response")
    whole = body if isinstance(body, dict) else frame
    why = whole.get("incomplete_details")
    reason = why.get("reason") if isinstance(why, dict) else None
    return Frame(
        dialect="responses",
        usage=read_usage(whole.get("usage")),
        finish_reason=_finish_word(reason) or name.removeprefix("response."),
        end_marker=COMPLETED,
    )


def _finish_of(choices: object) -> str:
    if isinstance(choices, list):
        for choice in choices:
            reason = choice.get("finish_reason") if isinstance(choice, dict) else None
            if reason and (word := _finish_word(reason)):
                return word
    return ""


def _finish_word(value: object) -> str:
    return value if isinstance(value, str) and _FINISH.fullmatch(value) else ""


def _count(usage: Json, *names: str) -> int | None:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None

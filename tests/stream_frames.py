"""Frame sequences as real servers send them."""

from __future__ import annotations

import json
from typing import Any


def sse(*frames: object, event: str = "", end: str = "\n\n") -> bytes:
    """Write frames as events; a string is taken as data as it is."""
    blocks = []
    for frame in frames:
        data = frame if isinstance(frame, str) else json.dumps(frame, separators=(",", ":"))
        name = f"event: {event}\n" if event else ""
        blocks.append(f"{name}data: {data}{end}")
    return "".join(blocks).encode()


def chat(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A chat completion chunk."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1757000000,
        "model": "jan-v1-4b",
        "choices": [choice],
    }


def usage(prompt: int = 20, completion: int = 3) -> dict[str, Any]:
    """The usage chunk, whose choices are empty."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": 0}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": counts}


def response(kind: str, **fields: Any) -> bytes:
    """An event of the Responses API with its name in both places."""
    return sse({"type": kind, "sequence_number": 4, **fields}, event=kind)


ROLE = chat(role="assistant", content="")
WORDS = [chat(content="Hel"), chat(content="lo,\n"), chat(content=' "wörld" \u4e16')]
FINISH = chat(finish="stop", content="")

CHAT = sse(ROLE, *WORDS, FINISH, usage(), "[DONE]")
"""A stream as vLLM sends it."""

JAN_CHAT = CHAT[:-1]
"""Jan v1 relays lines and stops after the end marker's: the last blank line is missing."""

METADATA = {
    "conversation_id": "conv_1",
    "conversation_created": True,
    "conversation_title": "content",
    "store": False,
}
"""Jan v1's conversation chat sends this first, without `choices`."""

JAN_RESPONSES = b"".join(
    (
        response("response.created", response={"id": "resp_1", "status": "running"}),
        response("response.in_progress", response={"id": "resp_1"}),
        response("response.output_item.added", item={"type": "message", "content": []}),
        response("response.content_part.added", part={"type": "output_text", "text": ""}),
        response("response.output_text.delta", delta="one two three four five six "),
        response("response.output_text.delta", delta="seven"),
        response("response.output_text.done", text="all of it"),
        response("response.output_item.done", item={"content": [{"text": "all of it"}]}),
        sse("[DONE]"),
        response("response.completed", response={"id": "resp_1", "status": "completed"}),
    )
)
"""Jan v1: the end marker comes before `response.completed`, and there is no usage."""

JAN2_RESPONSES = b"".join(
    (
        sse({"id": "resp_1", "status": "in_progress", "error": None}, event="response.created"),
        sse({"id": "resp_1", "delta": "one"}, event="response.output_text.delta"),
        sse({"id": "resp_1", "call": {"name": "f"}}, event="response.tool_call"),
        sse({"id": "resp_1", "result": {"tool_name": "f"}}, event="response.tool_result"),
        sse({"id": "resp_1", "delta": "two"}, event="response.output_text.delta"),
        sse(
            {"id": "resp_1", "status": "completed", "usage": None, "error": None},
            event="response.completed",
        ),
    )
)
"""Jan v2: the name of an event is in its `event:` line only, and there is no end marker."""

OPENAI_RESPONSES = b"".join(
    (
        response("response.created", response={"id": "resp_1"}),
        response("response.reasoning_summary_text.delta", delta="hmm"),
        response("response.output_text.delta", delta="one"),
        response("response.function_call_arguments.delta", delta='{"a":'),
        response(
            "response.completed",
            response={"id": "resp_1", "usage": {"input_tokens": 9, "output_tokens": 12}},
        ),
    )
)

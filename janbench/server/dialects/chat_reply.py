"""The JSON of a chat completion without a stream."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from janbench.server.generation.model import Generation, Kind
from janbench.server.ids import uuid4

# go-openai's struct always carries these, whether the backend sent them or not.
_FILTERS: dict[str, Any] = {
    **{name: {"filtered": False} for name in ("hate", "self_harm", "sexual", "violence")},
    **{name: {"filtered": False, "detected": False} for name in ("jailbreak", "profanity")},
}


@dataclass(frozen=True)
class ReplyHead:
    """What a completion and each chunk of a stream say of themselves."""

    id: str
    created: int
    model: str


def new_head(model: str) -> ReplyHead:
    """The head of a reply that begins now."""
    return ReplyHead(f"chatcmpl-{uuid4()}", int(time.time()), model)


def completion(
    generation: Generation, head: ReplyHead, *, finish: bool, go_openai: bool
) -> dict[str, Any]:
    """A `chat.completion` object; with `go_openai`, as Jan Server's Go gateway re-serialises it."""
    message: dict[str, Any] = {"role": "assistant"}
    content, reasoning = generation.joined(Kind.CONTENT), generation.joined(Kind.REASONING)
    if content or not go_openai:
        message["content"] = content or None
    if reasoning:
        message["reasoning_content"] = reasoning
    if generation.tool is not None:
        message["tool_calls"] = [tool_call(generation)]
    choice: dict[str, Any] = {
        "index": 0,
        "message": message,
        "finish_reason": generation.finish_reason if finish else None,
    }
    choice.update({"content_filter_results": _FILTERS} if go_openai else {"logprobs": None})
    body: dict[str, Any] = {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": [choice],
        "usage": usage(generation),
    }
    if go_openai:
        body["usage"] |= {"prompt_tokens_details": None, "completion_tokens_details": None}
        body["system_fingerprint"] = ""
    return body


def zero_completion() -> dict[str, Any]:
    """What the gateway makes of a backend's error body: every field with its zero value."""
    return {
        "id": "",
        "object": "",
        "created": 0,
        "model": "",
        "choices": None,
        "usage": {
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "total_tokens": 0,
            "prompt_tokens_details": None,
            "completion_tokens_details": None,
        },
        "system_fingerprint": "",
    }


def usage(generation: Generation) -> dict[str, Any]:
    """Token counts under their chat names."""
    return {
        "prompt_tokens": generation.prompt_tokens,
        "completion_tokens": generation.tokens,
        "total_tokens": generation.prompt_tokens + generation.tokens,
    }


def tool_call(generation: Generation) -> dict[str, Any]:
    """The tool call of a plan that has one."""
    assert generation.tool is not None
    return {
        "id": generation.tool.id,
        "type": "function",
        "function": {"name": generation.tool.name, "arguments": generation.joined(Kind.TOOL)},
    }

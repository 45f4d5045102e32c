"""What v1 makes of the input of a response."""

from __future__ import annotations

from typing import Any

import orjson

from janbench.server.dialects.chat_request import message_text
from janbench.server.generation.model import ModelInput

_BAD_PARAMETER = "c3d4e5f6-g7h8-9012-cdef-345678901234"
_BAD_TOOL = "l2m3n4o5-p6q7-8901-lmno-234567890123"


def prompt_of(body: dict[str, Any]) -> ModelInput:
    """The prompt: `input` as one user message; tools are validated, but never reach the model."""
    text = go_text(body["input"])
    if isinstance(body["input"], str):
        text = _embedded_messages(text)
    limit = body.get("max_tokens")
    return ModelInput(
        text=f"{body.get('system_prompt') or ''}\n{text}".strip(),
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
    )


def invalid(body: dict[str, Any]) -> tuple[str, str]:
    """Why the server refuses the request: a code and a text; both are empty when it doesn't."""
    bounds = (("temperature", 0, 2), ("top_p", 0, 1), ("presence_penalty", -2, 2))
    for name, low, high in (*bounds, ("frequency_penalty", -2, 2)):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, (int, float)) or not low <= value <= high:
            return _BAD_PARAMETER, f"{name} must be between {low} and {high}"
    limit = body.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        return _BAD_PARAMETER, "max_tokens must be greater than 0"
    tools = body.get("tools") or []
    if not isinstance(tools, list) or not all(_is_function(tool) for tool in tools):
        return _BAD_TOOL, "tools validation error"
    return "", ""


def go_text(value: Any) -> str:
    """A value as Go's `%v` prints it, which is how any input but a string reaches the model."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _is_function(tool: Any) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function"


def _embedded_messages(text: str) -> str:
    """A string that holds a JSON array of messages is read as those messages."""
    if not text.lstrip().startswith("["):
        return text
    try:
        messages = orjson.loads(text)
    except ValueError:
        return text
    if all(isinstance(message, dict) for message in messages):
        return "\n".join(message_text(message) for message in messages)
    return text

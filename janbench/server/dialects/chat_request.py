"""Reads a chat completion request as far as a pretended model needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from janbench.server.generation.model import ModelInput
from janbench.server.http.routing import NotJsonError

_NUMBER = (int, float)
# A wrong type here fails the decoding of the whole body on a server written in Go.
_TYPES: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "messages": list,
    "stream": bool,
    "max_tokens": int,
    "max_completion_tokens": int,
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "n": int,
    "stop": list,
    "presence_penalty": _NUMBER,
    "frequency_penalty": _NUMBER,
    "seed": int,
    "tools": list,
    "stream_options": dict,
    "response_format": dict,
    "user": str,
    "store": bool,
    "store_reasoning": bool,
}


@dataclass(frozen=True)
class ChatRequest:
    """A chat completion request."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool
    include_usage: bool
    prompt: ModelInput


def parse_chat(body: dict[str, Any], *, stop_may_be_text: bool = False) -> ChatRequest:
    """Read a request's body; raises NotJsonError for a value of a wrong type."""
    check_types(body, _TYPES, except_for=("stop",) if stop_may_be_text else ())
    messages = body.get("messages") or []
    if not all(isinstance(message, dict) for message in messages):
        raise NotJsonError("messages: not objects")
    options = body.get("stream_options") or {}
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or None
    response_format = body.get("response_format") or {}
    return ChatRequest(
        model=body.get("model") or "",
        messages=messages,
        stream=bool(body.get("stream")),
        include_usage=bool(options.get("include_usage")),
        prompt=ModelInput(
            text="\n".join(message_text(message) for message in messages),
            max_tokens=limit,
            tools=functions(body.get("tools")),
            tool_choice=body.get("tool_choice"),
            json_object=response_format.get("type") in ("json_object", "json_schema"),
            after_tool=bool(messages) and messages[-1].get("role") == "tool",
            last_user_text=last_user_text(messages),
        ),
    )


def check_types(
    body: dict[str, Any],
    types: dict[str, type | tuple[type, ...]],
    *,
    except_for: tuple[str, ...] = (),
) -> None:
    """Raise NotJsonError for a value whose type isn't the one in `types`; null passes."""
    for key, wanted in types.items():
        value = body.get(key)
        if value is None or key in except_for:
            continue
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise NotJsonError(f"{key}: wrong type")


def message_text(message: dict[str, Any]) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def last_user_text(messages: list[dict[str, Any]]) -> str:
    """The text of the user's last message; empty when there is none."""
    return next((message_text(m) for m in reversed(messages) if m.get("role") == "user"), "")


def functions(tools: Any) -> tuple[dict[str, Any], ...]:
    """The functions of a `tools` array, in the nested (chat) or flat (responses) form."""
    found = []
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            function = tool.get("function", tool)
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                found.append(function)
    return tuple(found)

"""A recorded conversation as a prompt: ShareGPT's form, and OpenAI's, which other data sets use."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Literal

from janbench.errors import ConfigError, Location
from janbench.model.prompts import Prompt

_LISTS = ("conversations", "conversation", "messages")
_SPEAKERS = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
    "system": "system",
}


def read_conversation(
    row: Any, take: Literal["first", "history"], where: Location
) -> tuple[Prompt, str] | None:
    """Return a conversation's prompt and its answer; None where it holds no question with one.

    Instructions come first, be they a turn or a key `system` of the row. What the model says before
    the first question is left out, and turns of one speaker in a row are one turn: servers refuse
    other orders.
    """
    row = body_of(row)
    name = next((key for key in _LISTS if isinstance(row, dict) and key in row), None)
    turns = row[name] if name is not None else None
    if isinstance(turns, str):  # a column of a table
        with contextlib.suppress(ValueError):
            turns = json.loads(turns)
    if not isinstance(turns, list):
        raise ConfigError("not a conversation: no list 'conversations'", where=where)
    said = _joined([spoken for turn in turns if (spoken := _turn(turn, where)) is not None])
    own = row.get("system") or row.get("system_prompt")
    system = [own] if isinstance(own, str) and own.strip() else []
    system += [text for role, text in said if role == "system"]
    talk = _joined([turn for turn in said if turn[0] != "system"])
    if talk and talk[0][0] == "assistant":
        del talk[0]
    # Questions and answers alternate now, and the first is a question.
    answered = len(talk) // 2
    if not answered:
        return None
    last = 0 if take == "first" else 2 * (answered - 1)
    messages = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    messages += [{"role": role, "content": text} for role, text in talk[: last + 1]]
    return Prompt.model_validate({"messages": messages}), talk[last + 1][1]


def body_of(row: Any) -> Any:
    """Return the request in a line of OpenAI's batch files (under `body`), else the row."""
    inner = row.get("body") if isinstance(row, dict) else None
    return inner if isinstance(inner, dict) and "messages" in inner else row


def _turn(turn: Any, where: Location) -> tuple[str, str] | None:
    """Return who says what; None for a speaker that no chat API knows, and for silence."""
    if not isinstance(turn, dict):
        raise ConfigError("a turn of the conversation is not an object", where=where)
    role = _SPEAKERS.get(str(turn.get("from") or turn.get("role")).lower())
    text = turn.get("value", turn.get("content"))
    if isinstance(text, list):  # parts, as in OpenAI's form
        parts = [part.get("text") for part in text if isinstance(part, dict)]
        text = "".join(part for part in parts if isinstance(part, str))
    return (role, text) if role and isinstance(text, str) and text.strip() else None


def _joined(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: list[tuple[str, str]] = []
    for role, text in turns:
        if joined and joined[-1][0] == role:
            joined[-1] = (role, f"{joined[-1][1]}\n\n{text}")
        else:
            joined.append((role, text))
    return joined

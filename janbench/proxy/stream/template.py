"""The template of an ordinary chat delta: what stands before and after its text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from janbench.dialects import dialects
from janbench.proxy.stream.json_text import parse

# Text of a JSON string, possibly empty; bytes from 0x80 on need a check.
PLAIN_TEXT = re.compile(
    rb'[ !#-\[\]-~\x80-\xff]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[ !#-\[\]-~\x80-\xff]*)*'
)
_LONGEST = 8192  # a longer delta is not an ordinary one, and costs too much to search
_TEXT_KEYS = ("content", "reasoning_content", "reasoning")
_TEXT_FIELD = re.compile(
    rb'"(?:%b)": ?"((?:[^"\\]|\\.)+)"' % "|".join(_TEXT_KEYS).encode(), re.DOTALL
)


class Template(NamedTuple):
    """Bytes before and after the text, and whether the user sees the text."""

    head: bytes
    foot: bytes
    visible: bool


NO_TEMPLATE = Template(b"\n\n", b"\n\n", False)  # no block holds a blank line: nothing fits


def learn(block: bytes, frame: dict[str, Any]) -> Template | None:
    """Return the template of a parsed block if one text of one choice is all that it carries."""
    choices = frame.get("choices")
    if len(block) > _LONGEST or not isinstance(choices, list) or len(choices) != 1:
        return None
    delta = choices[0].get("delta")
    if not isinstance(delta, dict) or choices[0].get("text") or choices[0].get("message"):
        return None
    texts = {key: text for key, text in delta.items() if text}
    texts.pop("role", None)
    found = list(_TEXT_FIELD.finditer(block))
    if len(texts) != 1 or len(found) != 1:
        return None
    ((key, text),) = texts.items()
    slot = found[0]
    if key not in _TEXT_KEYS or parse(b'"' + slot[1] + b'"') != text:
        return None
    visible = dialects().delta[key] == "visible"
    return Template(block[: slot.start(1)], block[slot.end(1) :], visible)


def is_utf8(block: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True

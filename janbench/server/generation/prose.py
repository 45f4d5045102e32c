"""The words that the embedded server says: seeded, and awkward to JSON on purpose."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson

HTML = "<script>alert(1)</script> \"quoted\" & 'single'"

_PROSE = (
    "the model answers with words that carry no meaning at all but look like an answer to you "
    "speed distance time train leaves station river light paper window morning question number "
    "green seven because however therefore first then next finally while under over between each"
)
# Quotes, backslashes, newlines, tabs, several bytes a character: a client that cuts or pastes
# JSON by hand breaks on these.
_AWKWARD = (
    ' "quoted"',
    " back\\slash",
    ".\n\nThen",
    "\tindented",
    " naïve",
    " 日本語",
    " 🙂",
    " a/b",
    " {brace}",
    " data: [DONE]",
)
_AWKWARD_RATE = 0.06
_PIECES = tuple(" " + word for word in _PROSE.split())


def words(rng: Random, count: int) -> list[str]:
    """`count` pieces of text that read as prose when joined."""
    if count <= 0:
        return []
    pieces = rng.choices(_PIECES, k=count)
    for position in range(1, count):
        if rng.random() < _AWKWARD_RATE:
            pieces[position] = rng.choice(_AWKWARD)
    pieces[0] = pieces[0].strip().capitalize()
    return pieces


def json_text(rng: Random, count: int) -> list[str]:
    """`count` pieces that make a JSON object when joined; as many words as they leave room for."""
    if count <= 1:
        return ["{}"][:count]
    if count == 2:
        return ['{"answer":""', "}"]
    middle = rng.choices(_PIECES, k=count - 2)
    return ['{"answer":"', *middle, '"}']


def tool_arguments(rng: Random, schema: Any) -> list[str]:
    """Fragments that make a JSON object with the properties of a function's parameter schema."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    names = list(properties) if isinstance(properties, dict) else []
    values = {name: _value(rng, properties[name]) for name in names or ()} if properties else {}
    text = orjson.dumps(values).decode()
    size = 8
    return [text[start : start + size] for start in range(0, len(text), size)]


def _value(rng: Random, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(schema, dict) and isinstance(schema.get("enum"), list) and schema["enum"]:
        return rng.choice(schema["enum"])
    if kind in ("integer", "number"):
        return rng.randint(1, 9)
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "array":
        return []
    if kind == "object":
        return {}
    return "".join(words(rng, 3))


def count_tokens(text: str) -> int:
    """An estimate of a prompt's tokens: one for each ten letters of a word, at least one."""
    return max(1, sum(1 + (len(word) - 1) // 10 for word in text.split()))

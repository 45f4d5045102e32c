"""Finds content in what a frame or a whole answer holds, by the table of dialects."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

from janbench.dialects import Fields, dialects

Json = dict[str, Any]


class Content(enum.Enum):
    """What kind of output a content-bearing event carries."""

    VISIBLE = "visible"
    REASONING = "reasoning"
    TOOL = "tool"


_TABLE = dialects()
_KINDS = {**{kind.value: kind for kind in Content}, "media": Content.VISIBLE}
_DELTA = {name: _KINDS[kind] for name, kind in _TABLE.delta.items()}
_DEEPEST = 6


def leading(kinds: Iterator[Content]) -> Content | None:
    """Return the kind that an event counts as: visible if any of it is."""
    found = None
    for kind in kinds:
        if kind is Content.VISIBLE:
            return kind
        found = found or kind
    return found


def of_delta(delta: Json) -> Iterator[Content]:
    """Yield the kinds of content in a chat delta or message."""
    for name, value in delta.items():
        if value and (kind := _DELTA.get(name)) is not None:
            if isinstance(value, str):
                yield kind
            else:
                yield from of_value(value, kind)


def of_fields(frame: Json, fields: Fields, *, done: bool = True) -> Iterator[Content]:
    """Yield the kinds of content at these places of an event."""
    for path, kind in fields:
        value = at(frame, path)
        if value:
            yield from (
                of_items(value, done=done) if kind == "item" else of_value(value, _KINDS[kind])
            )


def of_piece(frame: Json, fields: Fields) -> Content | None:
    """Return the kind of content of an event that carries a piece of it."""
    if len(fields) == 1:
        ((path, kind),) = fields
        if len(path) == 1 and isinstance(text := frame.get(path[0]), str):
            return _KINDS[kind] if text else None
    return leading(of_fields(frame, fields))


def of_items(items: object, *, done: bool = True) -> Iterator[Content]:
    """Yield the kinds in the output items of a response; one that is not `done` needs a body."""
    if isinstance(items, str):
        yield from of_value(items, Content.VISIBLE)
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, dict):
            yield from _of_item(item, done)


def of_value(value: object, kind: Content, depth: int = 0) -> Iterator[Content]:
    """Yield the kinds in a text, a part, or a list of these; `kind` is what a plain text is."""
    if isinstance(value, str):
        if value:
            yield kind
    elif depth >= _DEEPEST:
        return
    elif isinstance(value, list):
        for part in value:
            yield from of_value(part, kind, depth + 1)
    elif isinstance(value, dict):
        own = _KINDS.get(_TABLE.parts.get(str(value.get("type")), ""), kind)
        if own is Content.TOOL:
            if any(at(value, path) for path in _TABLE.tool_call):
                yield own
        else:
            for key in _TABLE.text_keys:
                if next(of_value(value.get(key), own, depth + 1), None) is not None:
                    yield own
                    return


def at(value: object, path: tuple[str, ...]) -> object:
    """Return what stands at a path, None where there is nothing."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _of_item(item: Json, done: bool) -> Iterator[Content]:
    kind = _KINDS.get(_TABLE.items.get(str(item.get("type")), ""), Content.VISIBLE)
    if kind is Content.TOOL:
        if item.get("arguments") or item.get("input") or (done and item.get("name")):
            yield kind
        return
    for key in ("content", "summary", "text"):
        yield from of_value(item.get(key), kind)

"""Items of a conversation, in and out of v1's JSON."""

from __future__ import annotations

from typing import Any

from janbench.server.ids import random_id
from janbench.server.store import Item

_TYPES = ("message", "function_call", "function_call_output")
_ROLES = ("system", "user", "assistant", "tool")
_CONTENT_TYPES = ("text", "input_text", "output_text")
_PARTS = 10
_TEXT_LENGTH = 50_000
# Go's zero time: the reply to a POST is built before the database has set the real one.
ZERO_TIME = -62135596800


class BadItemError(ValueError):
    """An item that the server refuses."""


class NoRoleError(ValueError):
    """An item without a role, on which the real handler panics."""


def read_items(items: list[Any]) -> list[Item]:
    """Items of a request; raises BadItemError or NoRoleError."""
    return [_read_item(item) for item in items]


def item_json(item: Item, *, created_at: int | None = None) -> dict[str, Any]:
    """An item as v1 shows it; absent fields are omitted."""
    body: dict[str, Any] = {"id": item.id, "object": "conversation.item", "type": item.type}
    if item.role:
        body["role"] = item.role
    if item.status:
        body["status"] = item.status
    body["created_at"] = int(item.created_at) if created_at is None else created_at
    if item.content:
        body["content"] = item.content
    return body


def _read_item(item: Any) -> Item:
    if not isinstance(item, dict):
        raise BadItemError("item must be an object")
    if item.get("type") not in _TYPES:
        raise BadItemError("invalid item type")
    role = item.get("role")
    if not role:
        raise NoRoleError
    if role not in _ROLES:
        raise BadItemError("invalid role")
    content = item.get("content") or []
    if not isinstance(content, list) or len(content) > _PARTS:
        raise BadItemError("too many content parts")
    return Item(random_id("msg_", 42), item["type"], role, [_read_part(part) for part in content])


def _read_part(part: Any) -> dict[str, Any]:
    if not isinstance(part, dict) or part.get("type") not in _CONTENT_TYPES:
        raise BadItemError("invalid content type")
    text = part.get("text", "")
    if not isinstance(text, str) or len(text) > _TEXT_LENGTH:
        raise BadItemError("invalid text")
    if part["type"] != "text":
        return {"type": part["type"]}  # accepted, but its text is lost
    return {"type": "text", "text": {"value": text}}

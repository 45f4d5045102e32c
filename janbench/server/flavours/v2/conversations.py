"""Conversations and items of v2."""

from __future__ import annotations

import re
from typing import Any

from janbench.server.flavours.paging import BadPageError, Page, T, page_of, read_limit
from janbench.server.flavours.v2.auth import rfc3339
from janbench.server.flavours.v2.errors import error
from janbench.server.flavours.v2.release import release_of
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import random_id, uuid4
from janbench.server.store import Conversation, Item

_ID = re.compile(r"conv_[A-Za-z0-9]+")
_TITLE_LIMIT = 256
_ITEMS = 20
# Of this release's text, which is an object: a string can't be read into it.
_NO_TEXT_OBJECT = "b2c3d4e5-f6g7-4h8i-9j0k-1l2m3n4o5p6q"
_ROLES = ("system", "user", "assistant", "tool")


def is_conversation_id(value: Any) -> bool:
    """Whether the service even looks for this id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _find(call: Call) -> Conversation | Reply:
    conversation_id = call.params["conversation"]
    release = release_of(call)
    if not is_conversation_id(conversation_id):
        return release.no_conversation(malformed=True)
    found = call.state.store.conversations.get(conversation_id, call.user.id)
    return found or release.no_conversation(malformed=False)


def _json(call: Call, conversation: Conversation) -> dict[str, Any]:
    body: dict[str, Any] = {"id": conversation.id, "object": "conversation"}
    if conversation.title:
        body["title"] = conversation.title
    locked = release_of(call).locks_titles
    metadata = dict(conversation.metadata or {})
    if locked:
        metadata["title_locked"] = str(bool(conversation.title)).lower()
    if metadata:
        body["metadata"] = metadata
    if conversation.referrer:
        body["referrer"] = conversation.referrer
    body["created_at"] = int(conversation.created_at)
    return body | ({"updated_at": int(conversation.updated_at)} if locked else {})


def _item_json(item: Item, number: int) -> dict[str, Any]:
    return {
        "id": item.id,
        "object": "conversation.item",
        "branch": "MAIN",
        "sequence_number": number,
        "type": item.type,
        "role": item.role,
        "content": item.content,
        "status": item.status,
        "created_at": rfc3339(item.created_at),
    }


def _read_page(call: Call, rows: list[T], *, most: int | None = None) -> Page[T] | Reply:
    """The page that the query asks for: newest first unless asked otherwise."""
    query = call.request.query
    try:
        limit = read_limit(query.get("limit"))
        return page_of(
            rows,
            limit=min(limit, most) if most else limit,
            order=query.get("order") or "desc",
            after=query.get("after") or query.get("cursor") or "",
        )
    except BadPageError:
        return error(400, "invalid query parameters", uuid4())


def _list_json(page: Page[Any], data: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "object": "list",
        "data": data,
        "first_id": page.first_id or "",
        "last_id": page.last_id or "",
        "has_more": page.has_more,
    }


def _create(call: Call) -> Reply:
    body = call.body
    title, metadata, referrer = body.get("title"), body.get("metadata"), body.get("referrer")
    if title is not None and (not isinstance(title, str) or len(title) > _TITLE_LIMIT):
        return error(400, "invalid title")
    if metadata is not None and not isinstance(metadata, dict):
        return error(400, "invalid metadata")
    items = _read_items(call, body.get("items") or [])
    if isinstance(items, Reply):
        return items
    conversation = Conversation(
        random_id("conv_", 16),
        call.user.id,
        title or "",
        metadata,
        referrer=referrer if isinstance(referrer, str) else None,
    )
    for item in items:
        conversation.add(item)
    return Reply.json(_json(call, call.state.store.conversations.add(conversation)))


def _list(call: Call) -> Reply:
    rows = call.state.store.conversations.of(call.user.id)
    referrer = call.request.query.get("referrer")
    if referrer:
        rows = [row for row in rows if row.referrer == referrer]
    page = _read_page(call, rows)
    if isinstance(page, Reply):
        return page
    body = _list_json(page, [_json(call, row) for row in page.rows])
    return Reply.json(body | {"total": page.total})


def _get(call: Call) -> Reply:
    found = _find(call)
    return found if isinstance(found, Reply) else Reply.json(_json(call, found))


def _update(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    title, metadata = call.body.get("title"), call.body.get("metadata")
    if title is not None:
        if not isinstance(title, str) or len(title) > _TITLE_LIMIT:
            return error(400, "invalid title")
        found.title = title
    if isinstance(metadata, dict):
        found.metadata = metadata
    return Reply.json(_json(call, found))


def _delete(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    call.state.store.conversations.remove(found)
    return Reply.json({"id": found.id, "object": "conversation.deleted", "deleted": True})


def _create_items(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    items = _read_items(call, call.body.get("items"))
    if isinstance(items, Reply):
        return items
    start = len(found.items)
    for item in items:
        found.add(item)
    page = Page(items, False, len(items))
    data = [_item_json(item, start + number + 1) for number, item in enumerate(items)]
    if release_of(call).typed_text:
        for shown in data:
            del shown["status"]  # only a list of items tells it
    return Reply.json(_list_json(page, data))


def _list_items(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    page = _read_page(call, found.items, most=100)
    if isinstance(page, Reply):
        return page
    numbers = {item.id: number for number, item in enumerate(found.items, 1)}
    data = [_item_json(item, numbers[item.id]) for item in page.rows]
    return Reply.json(_list_json(page, data))


def _get_item(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    item = found.item(call.params["item"])
    if item is None:
        return error(404, "item not found")
    return Reply.json(_item_json(item, found.items.index(item) + 1))


def _delete_item(call: Call) -> Reply:
    found = _find(call)
    if isinstance(found, Reply):
        return found
    item = found.item(call.params["item"])
    if item is None:
        return error(404, "item not found")
    found.items.remove(item)
    return Reply.json(_json(call, found))


def _read_items(call: Call, given: Any) -> list[Item] | Reply:
    typed = release_of(call).typed_text
    if not isinstance(given, list) or len(given) > _ITEMS:
        return error(400, f"items: an array of at most {_ITEMS}")
    items = []
    for item in given:
        content = item.get("content") if isinstance(item, dict) else None
        if not isinstance(content, list) or item.get("role") not in _ROLES:
            return error(400, "invalid item")
        if not typed and any(
            isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
        ):
            return error(400, "invalid request body", _NO_TEXT_OBJECT)
        parts = [_read_part(part, typed) for part in content if isinstance(part, dict)]
        kind = str(item.get("type", "message"))
        items.append(Item(random_id("msg_", 16), kind, item["role"], parts))
    return items


def _read_part(part: dict[str, Any], typed: bool) -> dict[str, Any]:
    text = part.get("text", part.get("input_text", ""))
    if typed:
        return {"type": "text", "text": text.get("text", "") if isinstance(text, dict) else text}
    if part.get("type") == "input_text":
        return {"type": "input_text", "input_text": text}
    return {"type": "text", "text": text if isinstance(text, dict) else {"text": text}}


_ONE = "/v1/conversations/{conversation}"
ROUTES = (
    Route("POST", "/v1/conversations", _create),
    Route("GET", "/v1/conversations", _list),
    Route("GET", _ONE, _get),
    Route("POST", _ONE, _update),
    Route("DELETE", _ONE, _delete),
    Route("POST", f"{_ONE}/items", _create_items),
    Route("GET", f"{_ONE}/items", _list_items),
    Route("GET", f"{_ONE}/items/{{item}}", _get_item),
    Route("DELETE", f"{_ONE}/items/{{item}}", _delete_item),
)

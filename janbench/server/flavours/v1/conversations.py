"""Conversations of v1."""

from __future__ import annotations

import re
from typing import Any

from janbench.server.flavours.paging import BadPageError, Page, T, page_of, read_limit
from janbench.server.flavours.v1.errors import error
from janbench.server.flavours.v1.item_json import BadItemError, item_json, read_items
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, NotJsonError, Route
from janbench.server.ids import random_id
from janbench.server.store import Conversation

BAD_REQUEST = "019952d0-3e32-76ba-a97f-711223df2c84"
_NO_WORKSPACE = "019952d0-1dc9-746e-82ff-dd42b1e7930f"
_NOT_FOUND = "e91636c2-fced-4a89-bf08-55309005365f"
_BAD_PAGE = "5f89e23d-d4a0-45ce-ba43-ae2a9be0ca64"
_TITLE_LIMIT = 200
_ITEM_LIMIT = 20
_METADATA_KEY = re.compile(r"[A-Za-z0-9_]{1,50}")


def find(call: Call) -> Conversation | None:
    """The caller's conversation named in the path."""
    return call.state.store.conversations.get(call.params["conversation"], call.user.id)


def not_found() -> Reply:
    """An unknown, deleted or foreign conversation."""
    return error(404, _NOT_FOUND, "conversation not found")


def conversation_json(call: Call, conversation: Conversation) -> dict[str, Any]:
    """A conversation as v1 shows it."""
    body = {
        "id": conversation.id,
        "title": conversation.title,
        "object": "conversation",
        "created_at": int(conversation.created_at),
        "metadata": conversation.metadata or {},
    }
    if has_workspaces(call) and conversation.workspace:
        body["workspace_id"] = conversation.workspace
    return body


def has_workspaces(call: Call) -> bool:
    """Whether the flavour knows workspaces."""
    return call.state.options.flavour == "jan-v1-main"


def read_page(call: Call, rows: list[T]) -> Page[T] | Reply:
    """The page that the query asks for.

    The cursor is called `last`; `after` is ignored; `offset` is read, not used, and switches
    `last` off; `limit` has no upper bound.
    """
    query = call.request.query
    try:
        offset = query.get("offset")
        if offset and not offset.isdecimal():
            raise BadPageError(f"offset {offset!r}")
        return page_of(
            rows,
            limit=read_limit(query.get("limit")),
            order=query.get("order") or "asc",
            after="" if offset else query.get("last", ""),
        )
    except BadPageError:
        return error(400, _BAD_PAGE, "Invalid pagination parameters")


def _create(call: Call) -> Reply:
    body = call.body
    title, metadata, items = body.get("title"), body.get("metadata"), body.get("items") or []
    if not isinstance(title, str) or not title.strip() or len(title) > _TITLE_LIMIT:
        return error(400, BAD_REQUEST)
    if not _valid_metadata(metadata) or not isinstance(items, list) or len(items) > _ITEM_LIMIT:
        return error(400, BAD_REQUEST)
    workspace = None
    if has_workspaces(call):
        # Looked up even when empty, so a client that knows no workspaces can't create anything.
        found = call.state.store.workspaces.get(str(body.get("workspace_id") or ""), call.user.id)
        if found is None:
            return error(400, _NO_WORKSPACE)
        workspace = found.id
    try:
        stored = read_items(items)
    except BadItemError as problem:
        return error(400, BAD_REQUEST, str(problem))
    table = call.state.store.conversations
    conversation = Conversation(
        random_id("conv_", 42), call.user.id, title, metadata, workspace=workspace
    )
    conversation.row = table.added + 1
    for item in stored:
        conversation.add(item)
    return Reply.json(conversation_json(call, table.add(conversation)))


def _list(call: Call) -> Reply:
    rows = call.state.store.conversations.of(call.user.id)
    wanted = call.request.query.get("workspace_id")
    if has_workspaces(call) and wanted:
        rows = [row for row in rows if row.workspace == (None if wanted == "none" else wanted)]
    page = read_page(call, rows)
    if isinstance(page, Reply):
        return page
    return Reply.json(
        {
            "object": "list",
            "data": [conversation_json(call, row) for row in page.rows],
            "first_id": page.first_id,
            "last_id": page.last_id,
            "has_more": page.has_more,
            "total": page.total,
        }
    )


def _get(call: Call) -> Reply:
    conversation = find(call)
    return (
        not_found() if conversation is None else Reply.json(conversation_json(call, conversation))
    )


def _update(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    title, metadata = call.body.get("title"), call.body.get("metadata")
    if title is not None:
        if not isinstance(title, str):
            raise NotJsonError("title")
        conversation.title = title
    if metadata is not None:
        if not isinstance(metadata, dict):
            raise NotJsonError("metadata")
        conversation.metadata = metadata
    return Reply.json(conversation_json(call, conversation))


def _delete(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    call.state.store.conversations.remove(conversation)
    return Reply.json({"id": conversation.id, "object": "conversation.deleted", "deleted": True})


def _valid_metadata(metadata: Any) -> bool:
    if metadata is None:
        return True
    return (
        isinstance(metadata, dict)
        and len(metadata) <= 20
        and all(
            _METADATA_KEY.fullmatch(key) and isinstance(value, str) and len(value) <= 500
            for key, value in metadata.items()
        )
    )


def items_json(page: Page[Any]) -> dict[str, Any]:
    """A page of items; its `total` counts the page only."""
    return {
        "object": "list",
        "data": [item_json(item) for item in page.rows],
        "first_id": page.first_id,
        "last_id": page.last_id,
        "has_more": page.has_more,
        "total": len(page.rows),
    }


ROUTES = (
    Route("POST", "/v1/conversations", _create),
    Route("GET", "/v1/conversations", _list),
    Route("GET", "/v1/conversations/{conversation}", _get),
    Route("PATCH", "/v1/conversations/{conversation}", _update),
    Route("DELETE", "/v1/conversations/{conversation}", _delete),
)

"""The items of a v1 conversation."""

from __future__ import annotations

from janbench.server.flavours.paging import Page
from janbench.server.flavours.v1.conversations import (
    BAD_REQUEST,
    conversation_json,
    find,
    items_json,
    not_found,
    read_page,
)
from janbench.server.flavours.v1.errors import error
from janbench.server.flavours.v1.item_json import (
    ZERO_TIME,
    BadItemError,
    NoRoleError,
    item_json,
    read_items,
)
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route

_NOT_FOUND = "25647b40-4967-497e-9cbd-a85243ccef58"
_PER_REQUEST = 100


def _create(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    given = call.body.get("items")
    if not isinstance(given, list) or not given or len(given) > _PER_REQUEST:
        return error(400, BAD_REQUEST)
    try:
        items = read_items(given)
    except BadItemError as problem:
        return error(400, BAD_REQUEST, str(problem))
    except NoRoleError:
        return Reply(200, b"", "text/plain; charset=utf-8")
    for item in items:
        conversation.add(item)
    body = items_json(Page(items, False, len(items)))
    body["data"] = [item_json(item, created_at=ZERO_TIME) for item in items]
    return Reply.json(body)


def _list(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    page = read_page(call, conversation.items)
    return page if isinstance(page, Reply) else Reply.json(items_json(page))


def _get(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    item = conversation.item(call.params["item"])
    return error(404, _NOT_FOUND) if item is None else Reply.json(item_json(item))


def _delete(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    item = conversation.item(call.params["item"])
    if item is None:
        return error(404, _NOT_FOUND)
    conversation.items.remove(item)
    return Reply.json(conversation_json(call, conversation))


ROUTES = (
    Route("POST", "/v1/conversations/{conversation}/items", _create),
    Route("GET", "/v1/conversations/{conversation}/items", _list),
    Route("GET", "/v1/conversations/{conversation}/items/{item}", _get),
    Route("DELETE", "/v1/conversations/{conversation}/items/{item}", _delete),
)

"""Workspaces, which only the `main` branch of v1 has."""

from __future__ import annotations

from typing import Any

from janbench.server.flavours.v1.auth import rfc3339
from janbench.server.flavours.v1.conversations import (
    BAD_REQUEST,
    conversation_json,
    find,
    not_found,
)
from janbench.server.flavours.v1.errors import error
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route
from janbench.server.ids import random_id
from janbench.server.store import Workspace


def _json(workspace: Workspace) -> dict[str, Any]:
    body: dict[str, Any] = {"id": workspace.id, "name": workspace.name}
    if workspace.instruction is not None:
        body["instruction"] = workspace.instruction
    moment = rfc3339(workspace.created_at)
    return body | {"created_at": moment, "updated_at": moment}


def _create(call: Call) -> Reply:
    name, instruction = call.body.get("name"), call.body.get("instruction")
    if not isinstance(name, str) or not name.strip():
        return error(400, BAD_REQUEST)
    workspace = Workspace(
        random_id("ws_", 24),
        call.user.id,
        name,
        instruction if isinstance(instruction, str) else None,
    )
    return Reply.json(_json(call.state.store.workspaces.add(workspace)), 201)


def _list(call: Call) -> Reply:
    rows = call.state.store.workspaces.of(call.user.id)
    return Reply.json({"object": "list", "data": [_json(row) for row in rows]})


def _move(call: Call) -> Reply:
    conversation = find(call)
    if conversation is None:
        return not_found()
    wanted = call.body.get("workspace_id")
    if wanted and call.state.store.workspaces.get(str(wanted), call.user.id) is None:
        return error(400, BAD_REQUEST)
    conversation.workspace = str(wanted) if wanted else None
    return Reply.json(conversation_json(call, conversation))


ROUTES = (
    Route("POST", "/v1/conv/workspaces", _create),
    Route("GET", "/v1/conv/workspaces", _list),
    Route("PATCH", "/v1/conversations/{conversation}/workspace", _move),
)

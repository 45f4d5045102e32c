"""What a flavour tells the server about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from janbench.server.accounts import User
from janbench.server.http.exchange import Headers, HttpRequest, Reply
from janbench.server.http.routing import Call, Route
from janbench.server.state import ServerState

SSE_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("Connection", "keep-alive"),
    ("Access-Control-Allow-Origin", "*"),
)


@dataclass(frozen=True)
class ServerFlavour:
    """Routes, authentication and the shapes of errors that belong to no route."""

    routes: tuple[Route, ...]
    authenticate: Callable[[ServerState, HttpRequest], User | Reply]
    not_found: Callable[[str], Reply]
    refuse: Callable[[int, str], Reply]  # by status and path: 401, 429, 500
    bad_body: Callable[[str], Reply]  # by path: a body that isn't a JSON object
    commit_error: bytes  # what a failed commit appends to a body; empty: there is no database
    login_failure: Reply
    request_id_header: str = "X-Request-ID"
    stream_limit_s: float = 120.0
    mends_slashes: bool = False  # a path with one slash too many is redirected, as Gin does
    keeps_request_id: bool = False  # whether the client's own id is echoed
    identity_headers: Callable[[User, HttpRequest], Headers] = lambda _user, _request: ()


def describe_model(name: str, created: int) -> dict[str, object]:
    """The entry of a model in `/v1/models`, which says that it isn't a real one."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "janbench-embedded",
        "description": "Not a real model: seeded words paced by janbench's embedded server.",
    }


def list_models(call: Call) -> Reply:
    """The models that the server was started with."""
    state = call.state
    models = [describe_model(name, state.started_s) for name in state.options.models]
    return Reply.json({"object": "list", "data": models})

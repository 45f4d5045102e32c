"""A plain OpenAI-compatible server, such as vLLM: a static key or none."""

from __future__ import annotations

from janbench.server.accounts import User, bearer
from janbench.server.flavours.base import ServerFlavour, list_models
from janbench.server.flavours.openai import chat, responses
from janbench.server.flavours.openai.errors import error
from janbench.server.http.exchange import HttpRequest, Reply
from janbench.server.http.routing import Call, Route
from janbench.server.state import ServerState


def _authenticate(state: ServerState, request: HttpRequest) -> User | Reply:
    """Anyone, unless the server was started with a key."""
    key = state.options.api_key
    if key is None or bearer(request.headers) == key:
        return state.accounts.owner
    return _refuse(401, request.path)


def _refuse(status: int, _path: str) -> Reply:
    if status == 401:
        message = "Incorrect API key provided."
        return error(401, message, "invalid_request_error", "invalid_api_key")
    if status == 429:
        return error(
            429,
            "Rate limit reached for requests.",
            "requests",
            "rate_limit_exceeded",
            headers=(("Retry-After", "1"),),
        )
    return error(status, "The server had an error.", "server_error", None)


def _health(_call: Call) -> Reply:
    return Reply(200, b"", "text/plain")


def _version(call: Call) -> Reply:
    return Reply.json({"version": call.state.options.server_version})


FLAVOUR = ServerFlavour(
    routes=(
        Route("GET", "/health", _health, protected=False),
        Route("GET", "/version", _version, protected=False),
        Route("GET", "/v1/models", list_models),
        *chat.ROUTES,
        *responses.ROUTES,
    ),
    authenticate=_authenticate,
    not_found=lambda _path: Reply.json({"detail": "Not Found"}, 404),
    refuse=_refuse,
    bad_body=lambda _path: error(400, "We could not parse the JSON body of your request."),
    commit_error=b"",
    login_failure=_refuse(500, ""),
)

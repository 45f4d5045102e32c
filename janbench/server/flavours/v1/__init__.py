"""Jan Server v1: one Go gateway (`jan-v1`), and its `main` branch with workspaces."""

from __future__ import annotations

from janbench.server.flavours.base import ServerFlavour, list_models
from janbench.server.flavours.v1 import auth, chat, conversations, items, responses, workspaces
from janbench.server.flavours.v1.errors import COMMIT_FAILED, error
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route


def _health(_call: Call) -> Reply:
    return Reply.json("ok")


def _version(call: Call) -> Reply:
    return Reply.json(
        {
            "version": call.state.options.server_version,
            "env_reloaded_at": auth.rfc3339(call.state.started_s),
        }
    )


def _refuse(status: int, _path: str) -> Reply:
    if status == 401:
        return auth.unauthorized()
    if status == 429:
        # The gateway has no limits of its own: this is a proxy in front of the public hosts.
        return Reply(
            429, b"error code: 1015", "text/plain; charset=UTF-8", (("Retry-After", "30"),)
        )
    return error(status, COMMIT_FAILED)


def _bad_body(path: str) -> Reply:
    if path.startswith("/v1/responses"):
        return error(400, responses.BAD_REQUEST)
    if path.endswith("chat/completions"):
        return error(400, chat.BAD_BODY)
    return error(400, conversations.BAD_REQUEST)


_COMMON = (
    Route("GET", "/healthcheck", _health, protected=False),
    Route("GET", "/v1/version", _version, protected=False),
    Route("GET", "/v1/models", list_models, protected=False),
    Route("GET", "/v1/conv/models", list_models),
    *auth.ROUTES,
    *chat.ROUTES,
    *conversations.ROUTES,
    *items.ROUTES,
    *responses.ROUTES,
)


def _flavour(routes: tuple[Route, ...]) -> ServerFlavour:
    return ServerFlavour(
        routes=routes,
        authenticate=auth.authenticate,
        not_found=lambda _path: Reply.text("404 page not found", 404),
        refuse=_refuse,
        bad_body=_bad_body,
        commit_error=error(500, COMMIT_FAILED).body,
        login_failure=error(500, auth.LOGIN_FAILED),
        mends_slashes=True,
    )


FLAVOUR = _flavour(_COMMON)
MAIN_FLAVOUR = _flavour((*_COMMON, *workspaces.ROUTES))

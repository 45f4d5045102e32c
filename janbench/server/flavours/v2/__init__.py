"""Jan Server v2: llm-api and response-api behind Kong, with Keycloak's accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from janbench.server.flavours.base import ServerFlavour, list_models
from janbench.server.flavours.v2 import auth, chat, conversations, responses
from janbench.server.flavours.v2.errors import (
    RESPONSES_PREFIX,
    error,
    not_found,
    refuse,
    response_error,
)
from janbench.server.flavours.v2.release import release_of
from janbench.server.http.exchange import Reply
from janbench.server.http.routing import Call, Route


def _models(call: Call) -> Reply:
    """The models; with `X-PROVIDER-DATA: true`, each with its provider."""
    reply = _listed(call)
    if call.request.headers.get("x-provider-data") != "true":
        return reply
    provider = {
        "provider_id": "prov_embeddedjanbench",
        "provider_vendor": "janbench",
        "provider_name": "janbench-embedded",
    }
    models = cast("list[dict[str, Any]]", reply.value["data"])
    return Reply.json({"object": "list", "data": [model | provider for model in models]})


def _listed(call: Call) -> Reply:
    reply = list_models(call)
    if not release_of(call).catalogue:
        return reply
    models = cast("list[dict[str, Any]]", reply.value["data"])
    shown = [
        model
        | {
            "model_display_name": f"{model['id']} (not a real model)",
            "category": "General",
            "category_order_number": 1,
            "model_order_number": number,
        }
        for number, model in enumerate(models, 1)
    ]
    return Reply.json({"object": "list", "data": shown})


def _status(status: str) -> Route:
    path = "/healthz" if status == "ok" else "/readyz"
    return Route("GET", path, lambda _call: Reply.json({"status": status}), protected=False)


def _version(call: Call) -> Reply:
    return Reply.json(
        {
            "version": call.state.options.server_version,
            "env_reloaded_at": auth.rfc3339(call.state.started_s),
        }
    )


def _bad_body(path: str) -> Reply:
    if path.startswith(RESPONSES_PREFIX):
        return response_error(400, "unexpected EOF")
    if path.endswith("chat/completions"):
        return error(500, "Invalid request body")
    return error(400, "Invalid request body")


OLD_FLAVOUR = ServerFlavour(
    routes=(
        _status("ok"),
        _status("ready"),
        Route("GET", "/v1/version", _version),
        Route("GET", "/v1/models", _models),
        *auth.ROUTES,
        *chat.ROUTES,
        *conversations.ROUTES,
        *responses.ROUTES,
    ),
    authenticate=auth.authenticate,
    not_found=not_found,
    refuse=refuse,
    bad_body=_bad_body,
    commit_error=error(0, "Failed to complete chat request").body,
    login_failure=error(502, "failed to provision guest"),
    request_id_header="X-Request-Id",
    keeps_request_id=True,
    identity_headers=auth.identity_headers,
)
FLAVOUR = replace(OLD_FLAVOUR, stream_limit_s=600.0)

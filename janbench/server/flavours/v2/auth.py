"""Guests, refresh tokens and API keys of v2."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta, timezone
from typing import Any

from janbench.server.accounts import User, bearer, cookie
from janbench.server.flavours.v2.errors import (
    RESPONSES_PREFIX,
    error,
    kong_error,
    refuse,
    response_error,
)
from janbench.server.flavours.v2.release import release_of
from janbench.server.http.exchange import Headers, HttpRequest, Reply
from janbench.server.http.routing import Call, NotJsonError, Route, parse_object
from janbench.server.ids import uuid4
from janbench.server.state import ServerState

_REFRESH_LIFETIME_S = 7 * 24 * 3600
_KEYS_PER_USER = 5


def authenticate(state: ServerState, request: HttpRequest) -> User | Reply:
    """The user of a Bearer token, or of an API key where the gateway accepts one."""
    on_responses = request.path.startswith(RESPONSES_PREFIX)
    key = request.headers.get("x-api-key")
    if key is not None and not on_responses:
        owner = _key_owner(state, key)
        return owner or kong_error(401, "Invalid API key")
    token = bearer(request.headers)
    if on_responses and not token:
        return response_error(401, "missing bearer token")
    claims = state.accounts.claims(token)
    user = state.accounts.get(str(claims.get("ID"))) if claims else None
    return user or refuse(401, request.path)


def identity_headers(user: User, request: HttpRequest) -> Headers:
    """What llm-api tells about the caller on routes that need one."""
    if request.path.startswith(RESPONSES_PREFIX):
        return ()
    return (
        ("X-Principal-Id", user.info),
        ("X-Auth-Method", auth_method(request)),
        ("X-User-ID", user.id),
        ("X-User-Subject", user.info),
    )


def auth_method(request: HttpRequest) -> str:
    """How the caller proved who it is."""
    return "apikey" if "x-api-key" in request.headers else "jwt"


def rfc3339(epoch_s: float) -> str:
    """A time as Go writes it in JSON."""
    text = datetime.fromtimestamp(epoch_s, timezone.utc).isoformat()
    return text.replace("+00:00", "Z")


def _key_owner(state: ServerState, key: str) -> User | None:
    if key == state.api_key:
        return state.accounts.owner
    return state.accounts.key_owner(key)


def _guest_login(call: Call) -> Reply:
    accounts = call.state.accounts
    user = accounts.add(_new_guest())
    names = {"user_id": user.id, "username": user.name, "principal_id": user.info}
    return Reply.json(names | _tokens(call, user), 201)


def _new_guest() -> User:
    """A guest of Keycloak: a UUID, and a name made of another."""
    name = f"guest-{uuid4()}@temp.jan.ai"
    return User(uuid4(), name, name, uuid4())


def _tokens(call: Call, user: User) -> dict[str, Any]:
    accounts = call.state.accounts
    access, expires_in = accounts.token(user)
    refresh, _ = accounts.token(user, _REFRESH_LIFETIME_S)
    return {
        "access_token": access,
        "refresh_token": refresh,
        "token_type": "Bearer",
        "expires_in": expires_in,
    }


def _refresh(call: Call) -> Reply:
    """From the body; only when that isn't JSON from the cookie, then from the header."""
    headers = call.request.headers
    try:
        token = parse_object(call.request).get("refresh_token")
    except NotJsonError:
        token = cookie(headers, "refresh_token") or bearer(headers)
    if not token or not isinstance(token, str):
        return error(400, "refresh_token required")
    claims = call.state.accounts.claims(token)
    user = call.state.accounts.get(str(claims.get("ID"))) if claims else None
    if user is None:
        return error(401, "failed to refresh token")
    tokens = _tokens(call, user)
    return Reply.json(tokens | {"expires_at": rfc3339(time.time() + tokens["expires_in"])})


def _logout(_call: Call) -> Reply:
    gone = (
        "refresh_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
        "HttpOnly; Secure; SameSite=None"
    )
    return Reply.json({"status": "logged out"}, headers=(("Set-Cookie", gone),))


def _me(call: Call) -> Reply:
    user = call.user
    return Reply.json(
        {
            "id": user.id,
            "username": user.name,
            "email": user.email,
            "subject": user.info,
            "auth_method": auth_method(call.request),
            "name": user.name,
            **({"roles": ["guest"], "is_admin": False} if release_of(call).roles else {}),
        }
    )


def _upgrade(call: Call) -> Reply:
    email = call.body.get("email")
    if not isinstance(email, str) or not email:
        return error(400, "email required")
    call.user.email = email
    return Reply.json({"status": "upgraded"})


def _create_key(call: Call) -> Reply:
    name, lifetime_ns = call.body.get("name"), call.body.get("expires_in")
    if not isinstance(name, str) or not name:
        return error(400, "name required")
    keys = call.user.api_keys
    if len(keys) >= _KEYS_PER_USER:
        return error(400, "api key limit reached")
    now = datetime.now(timezone.utc)
    lifetime_s = lifetime_ns / 1e9 if isinstance(lifetime_ns, int) else 90 * 24 * 3600
    key = f"sk_live_{secrets.token_hex(24)}"
    described = {
        "id": uuid4(),
        "name": name,
        "prefix": "sk_live",
        "suffix": key[-4:],
        "created_at": rfc3339(now.timestamp()),
        "expires_at": rfc3339((now + timedelta(seconds=lifetime_s)).timestamp()),
        "status": "active",
    }
    keys[described["id"]] = described
    call.state.accounts.add_key(key, call.user, described["id"], now.timestamp() + lifetime_s)
    return Reply.json(described | {"key": key}, 201)


def _list_keys(call: Call) -> Reply:
    return Reply.json({"items": list(call.user.api_keys.values())})


def _delete_key(call: Call) -> Reply:
    described = call.user.api_keys.pop(call.params["key"], None)
    if described is None:
        return error(404, "api key not found")
    return Reply.json({"status": "revoked"})


ROUTES = (
    *(
        Route("POST", f"{prefix}/auth/guest-login", _guest_login, protected=False, login=True)
        for prefix in ("/llm", "")
    ),
    *(
        Route("POST", f"{prefix}/auth/refresh-token", _refresh, protected=False)
        for prefix in ("/llm", "")
    ),
    Route("GET", "/auth/logout", _logout, protected=False),
    Route("GET", "/auth/me", _me),
    Route("POST", "/auth/upgrade", _upgrade),
    Route("POST", "/auth/api-keys", _create_key),
    Route("GET", "/auth/api-keys", _list_keys),
    Route("DELETE", "/auth/api-keys/{key}", _delete_key),
)

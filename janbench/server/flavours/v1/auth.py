"""Guest login, refresh and API keys of v1."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from janbench.server.accounts import User, bearer, cookie, new_user
from janbench.server.flavours.v1.errors import error
from janbench.server.http.exchange import HttpRequest, Reply
from janbench.server.http.routing import Call, Route
from janbench.server.state import ServerState

COOKIE = "jan_refresh_token"
LOGIN_FAILED = "9576b6ba-fcc6-4bd2-b13a-33d59d6a71f1"
_BAD_BEARER = "019947f0-eca1-7474-8ed2-09d6e5389b54"
_EMPTY_USER = "80e1017d-038a-48c1-9de7-c3cdffdddb95"
_UNKNOWN_USER = "b1ef40e7-9db9-477d-bb59-f3783585195d"
_BAD_REFRESH = "c2019018-b71c-4f13-8ac6-854fbd61c9dd"
_REFRESH_LIFETIME = timedelta(days=7)
_EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"


def unauthorized() -> Reply:
    """The answer to a missing, malformed, expired or forged token."""
    return error(401, _BAD_BEARER)


def authenticate(state: ServerState, request: HttpRequest) -> User | Reply:
    """The user of a Bearer token or API key, or the 401."""
    token = bearer(request.headers)
    claims = state.accounts.claims(token)
    if claims is None:
        return state.accounts.owner if token and token == state.api_key else unauthorized()
    user_id = claims.get("ID")
    if not user_id:
        return error(401, _EMPTY_USER)
    return state.accounts.get(str(user_id)) or error(401, _UNKNOWN_USER)


def rfc3339(epoch_s: float) -> str:
    """A time as Go writes it in JSON."""
    text = datetime.fromtimestamp(epoch_s, timezone.utc).isoformat()
    return text.replace("+00:00", "Z")


def _guest_login(call: Call) -> Reply:
    """A new guest, or, with a valid refresh cookie, new tokens for the same one."""
    accounts = call.state.accounts
    return _tokens(call, _refreshing_user(call) or accounts.add(new_user()))


def _refresh(call: Call) -> Reply:
    user = _refreshing_user(call)
    return _tokens(call, user) if user is not None else error(401, _BAD_REFRESH)


def _logout(call: Call) -> Reply:
    header = ("Set-Cookie", f"{COOKIE}=; Path=/; Expires={_EPOCH}{_attributes(call)}")
    return Reply(200, b"", "", (header,))


def _me(call: Call) -> Reply:
    user = call.user
    return Reply.json({"object": "me", "id": user.id, "email": user.email, "name": user.name})


def _refreshing_user(call: Call) -> User | None:
    accounts = call.state.accounts
    claims = accounts.claims(cookie(call.request.headers, COOKIE))
    return accounts.get(str(claims.get("ID"))) if claims else None


def _tokens(call: Call, user: User) -> Reply:
    accounts = call.state.accounts
    token, expires_in = accounts.token(user)
    refresh, _ = accounts.token(user, int(_REFRESH_LIFETIME.total_seconds()))
    expires = format_datetime(datetime.now(timezone.utc) + _REFRESH_LIFETIME, usegmt=True)
    header = ("Set-Cookie", f"{COOKIE}={refresh}; Path=/; Expires={expires}{_attributes(call)}")
    body = {"object": "access.token", "access_token": token, "expires_in": expires_in}
    return Reply.json(body, headers=(header,))


def _attributes(call: Call) -> str:
    # A development build leaves them out, so that a browser keeps the cookie over plain HTTP.
    dev = call.state.options.server_version.startswith("dev")
    return "" if dev else "; HttpOnly; Secure; SameSite=Strict"


ROUTES = (
    Route("POST", "/v1/auth/guest-login", _guest_login, protected=False, login=True),
    Route("GET", "/v1/auth/refresh-token", _refresh, protected=False),
    Route("GET", "/v1/auth/logout", _logout, protected=False),
    Route("GET", "/v1/auth/me", _me),
)

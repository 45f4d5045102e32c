"""Guest login, cookies and tokens of v1."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.server.conftest import TIMEOUT_S, Api, guest

LOGIN = "/v1/auth/guest-login"
REFRESH = "/v1/auth/refresh-token"
BAD_BEARER = {"code": "019947f0-eca1-7474-8ed2-09d6e5389b54", "error": ""}
BAD_REFRESH = {"code": "c2019018-b71c-4f13-8ac6-854fbd61c9dd", "error": ""}
COOKIE = re.compile(
    r"jan_refresh_token=([\w.-]+); Path=/; Expires=([^;]+GMT); HttpOnly; Secure; SameSite=Strict"
)


def refresh_token(reply: requests.Response) -> str:
    match = COOKIE.fullmatch(reply.headers["Set-Cookie"])
    assert match
    return match[1]


def test_login_answers_with_exactly_three_fields(v1: Api) -> None:
    reply = requests.post(v1.server.base + LOGIN, timeout=TIMEOUT_S)
    assert reply.status_code == 200
    assert set(reply.json()) == {"object", "access_token", "expires_in"}
    assert reply.json()["object"] == "access.token"
    assert reply.json()["expires_in"] == 899


def test_the_cookie_lives_for_seven_days(v1: Api) -> None:
    reply = v1("POST", LOGIN)
    match = COOKIE.fullmatch(reply.headers["Set-Cookie"])
    assert match
    left = parsedate_to_datetime(match[2]) - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_a_valid_cookie_logs_the_same_guest_in_again(v1: Api) -> None:
    first = v1("POST", LOGIN)
    cookie = f"jan_refresh_token={refresh_token(first)}"
    again = v1("POST", LOGIN, Cookie=cookie).json()["access_token"]
    other = v1("POST", LOGIN).json()["access_token"]

    def who(token: str) -> str:
        return str(v1("GET", "/v1/auth/me", Authorization=f"Bearer {token}").json()["id"])

    assert who(again) == who(first.json()["access_token"])
    assert who(other) != who(again)


def test_refresh_needs_only_the_cookie(v1: Api) -> None:
    old = refresh_token(v1("POST", LOGIN))
    reply = v1("GET", REFRESH, Cookie=f"other=1; jan_refresh_token={old}", Authorization="junk")
    assert reply.status_code == 200
    assert reply.json()["expires_in"] == 899
    assert refresh_token(reply)
    # Rotation is stateless: the old one stays valid.
    assert v1("GET", REFRESH, Cookie=f"jan_refresh_token={old}").status_code == 200


@pytest.mark.parametrize("cookie", ["", "jan_refresh_token=x.y.z", "jan_refresh_token="])
def test_refresh_without_a_valid_cookie(v1: Api, cookie: str) -> None:
    reply = v1("GET", REFRESH, Cookie=cookie)
    assert (reply.status_code, reply.json()) == (401, BAD_REFRESH)


def test_access_and_refresh_tokens_are_the_same_kind(v1: Api) -> None:
    reply = v1("POST", LOGIN)
    bearer = f"Bearer {refresh_token(reply)}"
    assert v1("GET", "/v1/auth/me", Authorization=bearer).status_code == 200
    cookie = f"jan_refresh_token={reply.json()['access_token']}"
    assert v1("GET", REFRESH, Cookie=cookie).status_code == 200


def test_me(v1: Api) -> None:
    me = v1("GET", "/v1/auth/me").json()
    assert me["object"] == "me"
    assert re.fullmatch(r"user_[0-9a-z]{24}", me["id"])
    assert re.fullmatch(r"jan_[0-9a-z]{12}", me["name"])
    assert me["email"] == f"{me['name']}@guest.jan.ai"


def test_logout_clears_the_cookie_and_nothing_else(v1: Api) -> None:
    reply = v1("GET", "/v1/auth/logout")
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Set-Cookie"].startswith(
        "jan_refresh_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )
    assert v1("GET", "/v1/auth/me").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x.y.z", "Bearer sk-wrong", "Basic abc", "junk"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/auth/me"), ("GET", "/v1/conversations"), ("POST", "/v1/chat/completions")],
)
def test_protected_routes_refuse(v1: Api, header: str, method: str, path: str) -> None:
    reply = v1(method, path, Authorization=header)
    assert (reply.status_code, reply.json()) == (401, BAD_BEARER)


def test_the_api_key_is_a_bearer(v1: Api) -> None:
    assert v1("GET", "/v1/auth/me", Authorization="Bearer sk-embedded").status_code == 200


def test_public_routes(v1_server: EmbeddedServer) -> None:
    nobody = Api(v1_server)
    assert nobody("GET", "/healthcheck").json() == "ok"
    assert set(nobody("GET", "/v1/version").json()) == {"version", "env_reloaded_at"}
    models = nobody("GET", "/v1/models").json()
    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["jan-v1-4b"]
    assert models["data"][0]["owned_by"] == "janbench-embedded"
    assert "Not a real model" in models["data"][0]["description"]
    assert nobody("GET", "/v1/conv/models").status_code == 401


def test_unknown_routes_and_methods_are_plain_text(v1: Api) -> None:
    for method, path in (("GET", "/health"), ("GET", LOGIN), ("PUT", "/v1/models")):
        reply = v1(method, path)
        assert (reply.status_code, reply.text) == (404, "404 page not found")
        assert reply.headers["Content-Type"] == "text/plain"


def test_a_request_id_is_always_fresh(v1: Api) -> None:
    headers = {"X-Request-ID": "mine"}
    ids = {v1("GET", "/v1/models", **headers).headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert "mine" not in ids


def test_tokens_expire_and_the_key_and_version_are_chosen() -> None:
    flags = ("--token-ttl", "1", "--api-key", "sk-mine", "--server-version", "dev-1")
    with embedded_server(*flags, "--seed", "3") as server:
        login = requests.post(server.base + LOGIN, timeout=TIMEOUT_S)
        # A development build's cookie has no attributes that need HTTPS.
        assert "Secure" not in login.headers["Set-Cookie"]
        assert login.json()["expires_in"] == 0
        api = Api(server, {"Authorization": f"Bearer {login.json()['access_token']}"})
        statuses = {200}
        while statuses <= {200}:  # ends within a second: the lifetime
            statuses.add(api("GET", "/v1/auth/me").status_code)
        assert statuses == {200, 401}
        assert api("GET", "/v1/auth/me").json() == BAD_BEARER
        cookie = login.headers["Set-Cookie"].split(";")[0]
        assert api("GET", REFRESH, Cookie=cookie).status_code == 200
        key = api("GET", "/v1/auth/me", Authorization="Bearer sk-mine")
        assert key.status_code == 200
        assert api("GET", "/v1/auth/me", Authorization="Bearer sk-embedded").status_code == 401


def test_a_token_of_an_unknown_user(v1: Api) -> None:
    # Another server of the same seed signs with the same key, but has other users.
    with embedded_server() as other:
        stranger = Api(v1.server, guest(other).headers)
        reply = stranger("GET", "/v1/auth/me")
    assert reply.status_code == 401
    assert reply.json()["code"] == "b1ef40e7-9db9-477d-bb59-f3783585195d"


def test_what_gin_does_by_itself(v1_server: EmbeddedServer) -> None:
    url = f"{v1_server.base}/v1/models"
    preflight = requests.options(url, timeout=TIMEOUT_S)
    assert (preflight.status_code, preflight.headers["Vary"]) == (204, "Origin")
    slash = requests.get(f"{url}/", allow_redirects=False, timeout=TIMEOUT_S)
    assert (slash.status_code, slash.headers["Location"]) == (301, "/v1/models")
    assert slash.text == '<a href="/v1/models">Moved Permanently</a>.\n\n'
    assert (
        "Content-Type"
        not in requests.get(f"{v1_server.base}/v1/auth/logout", timeout=TIMEOUT_S).headers
    )

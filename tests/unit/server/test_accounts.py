"""Tokens: signed as RFC 7515 and 7518 say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from janbench.server import accounts as accounts_module
from janbench.server.accounts import Accounts, bearer, cookie, new_user, sign, verify

KEY = b"a key"


def decode(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_is_a_jwt_with_an_hs512_signature() -> None:
    token = sign({"ID": "user_1", "exp": 1}, KEY)
    head, payload, signature = token.split(".")
    assert decode(head) == {"alg": "HS512", "typ": "JWT"}
    assert decode(payload) == {"ID": "user_1", "exp": 1}
    expected = hmac.new(KEY, f"{head}.{payload}".encode(), hashlib.sha512).digest()
    assert base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)) == expected


def test_only_a_valid_token_is_accepted() -> None:
    token = sign({"exp": time.time() + 60}, KEY)
    head, payload, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert verify(token, KEY) is not None
    for bad in (
        "",
        "x.y.z",
        f"{head}.{payload}.",
        f"{none}.{payload}.{signature}",
        f"{head}.{payload}x.{signature}",
        f"{head}.{payload}.ünicode",
    ):
        assert verify(bad, KEY) is None
    assert verify(token, b"another key") is None
    assert verify(sign({"exp": time.time() - 1}, KEY), KEY) is None


def test_claims_and_lifetime_are_those_of_jan_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("janbench.server.accounts.time.time", lambda: 1_000_000.25)
    accounts = Accounts(0, 900)
    user = accounts.add(new_user())
    token, expires_in = accounts.token(user)
    assert expires_in == 899
    claims = decode(token.split(".")[1])
    assert claims == {
        "Email": user.email,
        "Name": user.name,
        "ID": user.id,
        "sub": user.email,
        "exp": 1_000_900,
    }
    # No iat and no jti: the same second gives the same token.
    assert accounts.token(user)[0] == token


def test_ids_have_the_documented_form() -> None:
    user = new_user()
    assert len(user.id) == len("user_") + 24
    assert len(user.name) == len("jan_") + 12
    assert user.email == f"{user.name}@guest.jan.ai"
    assert user.id[5:].isalnum() and user.id.islower()


def test_the_oldest_guest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "USER_LIMIT", 3)
    accounts = Accounts(0, 900)
    users = [accounts.add(new_user()) for _ in range(4)]
    assert [accounts.get(user.id) is not None for user in users] == [False, True, True, True]


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", ""),
        ("abc", ""),
        ("", ""),
    ],
)
def test_bearer(header: str, token: str) -> None:
    assert bearer({"authorization": header}) == token


def test_cookie() -> None:
    headers = {"cookie": 'a=1; jan_refresh_token="x.y.z"; b=2; jan_refresh_token=second'}
    assert cookie(headers, "jan_refresh_token") == "x.y.z"
    assert cookie(headers, "missing") == ""
    assert cookie({}, "a") == ""

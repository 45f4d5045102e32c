"""Guests and their tokens, signed as Jan Server signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from janbench.server.ids import random_id, uuid4

# Guests are never deleted by the real server; here the oldest make room.
USER_LIMIT = 200_000


@dataclass
class User:
    """A guest, or the owner of the API key."""

    id: str
    name: str
    email: str
    info: str
    api_keys: dict[str, dict[str, Any]] = field(default_factory=dict)


def new_user() -> User:
    """A guest with a name that nobody has."""
    name = random_id("jan_", 12)
    return User(random_id("user_", 24), name, f"{name}@guest.jan.ai", uuid4())


NOBODY = User("", "", "", "")


def sign(claims: Mapping[str, Any], key: bytes) -> str:
    """A JWT with an HS512 signature (RFC 7515, RFC 7518)."""
    signed = f"{_JWT_HEAD}.{_encode(orjson.dumps(claims))}"
    return f"{signed}.{_encode(hmac.digest(key, signed.encode(), hashlib.sha512))}"


def verify(token: str, key: bytes) -> dict[str, Any] | None:
    """The claims of a token that `key` has signed and that hasn't expired, else None."""
    signed, _, signature = token.rpartition(".")
    if not signed.startswith(f"{_JWT_HEAD}."):
        return None
    expected = _encode(hmac.digest(key, signed.encode(), hashlib.sha512))
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    payload = signed[len(_JWT_HEAD) + 1 :]
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims if isinstance(claims, dict) and claims.get("exp", 0) > time.time() else None


class Accounts:
    """Who has logged in; tokens are stateless, so nothing here remembers them."""

    def __init__(self, seed: int, ttl_s: int) -> None:
        self._key = f"janbench embedded server {seed}".encode()
        self._ttl_s = ttl_s
        self._users: dict[str, User] = {}
        self._keys: dict[str, tuple[User, str, float]] = {}
        self.owner = self.add(new_user())

    def add(self, user: User) -> User:
        """Remember a user."""
        self._users[user.id] = user
        if len(self._users) > USER_LIMIT:
            del self._users[next(iter(self._users))]
        return user

    def get(self, user_id: str) -> User | None:
        """The user with this id."""
        return self._users.get(user_id)

    def add_key(self, key: str, user: User, key_id: str, expires_s: float) -> None:
        """Accept a user's API key until it expires or is deleted."""
        self._keys[key] = (user, key_id, expires_s)

    def key_owner(self, key: str) -> User | None:
        """The user whose valid API key this is."""
        user, key_id, expires_s = self._keys.get(key, (NOBODY, "", 0.0))
        if key_id in user.api_keys and time.time() < expires_s:
            return user
        self._keys.pop(key, None)
        return None

    def token(self, user: User, lifetime_s: int | None = None) -> tuple[str, int]:
        """A token, and its remaining whole seconds: one less than its lifetime.

        The expiry is a whole second and there is neither `iat` nor `jti`, so that two tokens of
        one second are the same, as on the real server.
        """
        now = time.time()
        expires = int(now) + (self._ttl_s if lifetime_s is None else lifetime_s)
        claims = {
            "Email": user.email,
            "Name": user.name,
            "ID": user.id,
            "sub": user.email,
            "exp": expires,
        }
        return sign(claims, self._key), int(expires - now)

    def claims(self, token: str) -> dict[str, Any] | None:
        """The claims of a valid token, else None."""
        return verify(token, self._key)


def bearer(headers: Mapping[str, str]) -> str:
    """The token of an `Authorization: Bearer` header, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie(headers: Mapping[str, str], name: str) -> str:
    """The value of a cookie, or an empty string; the first of several counts."""
    for part in headers.get("cookie", "").split(";"):
        key, equals, value = part.strip().partition("=")
        if equals and key == name:
            return value.strip('"')
    return ""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_JWT_HEAD = _encode(b'{"alg":"HS512","typ":"JWT"}')

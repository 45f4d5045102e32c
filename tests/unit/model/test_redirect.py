"""What a redirect is called, and what is said about it."""

from __future__ import annotations

import pytest

from janbench.model.http.redirect import redirect_hint, redirect_message

BASE, PATH = "http://a.example:81", "/v1/models"


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://b.example/v1/models", "https://b.example/v1/models"),
        ("//b.example/x", "http://b.example/x"),
        ("/v1/models/", "http://a.example:81/v1/models/"),
        ("models/", "http://a.example:81/v1/models/"),
        ("https://user:pass@b.example/x?token=abc#f", "https://b.example/x"),
        ("http://[::1]:8/x", "http://[::1]:8/x"),
        ("http://[::1/x", "http://[::1/x"),
        ("/a\x1b[31mb\u202e", "http://a.example:81/a?[31mb?"),
    ],
)
def test_destination(location: str, shown: str) -> None:
    assert redirect_message(307, BASE + PATH, location) == f"status 307: redirects to {shown}"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://a.example/v1/models", "base (--base, BASE or target.base) to https://a.example"),
        ("https://b.example/x/v1/models?a=1", "target.base) to https://b.example/x"),
        ("/v1/models/", "slash at the end"),
        ("https://login.example/", "not followed"),
    ],
)
def test_hint(location: str, words: str) -> None:
    hint = redirect_hint(BASE, PATH, location)
    assert words in hint
    assert ("Set base" in hint) == ("target.base) to https" in words)

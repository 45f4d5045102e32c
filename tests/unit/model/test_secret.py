"""The table of secrets, in Python and as k6 gets it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from janbench import resources
from janbench.model.text.secret import (
    as_javascript,
    is_secret,
    redactor,
    secret_values,
)

PLANTED = 'pä"ss <wörd>&/+1'


@pytest.mark.parametrize(
    "name",
    ["API_KEY", "AZURE_OPENAI_KEY", "LOADTEST_TOKEN", "DB_PASSWORD", "K6_OTEL_HEADERS", "api-key",
     "K6_PROMETHEUS_RW_HTTP_HEADERS", "K6_PROMETHEUS_RW_HEADERS_X_SCOPE", "Authorization",
     "Proxy-Authorization", "Cookie", "Set-Cookie", "x-goog-api-key", "Ocp-Apim-Subscription-Key",
     "X-Auth-Token", "session_key", "accessToken", "refresh_token", "client_secret", "token",
     "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY_2", "GITHUB_PAT", "JANBENCH_TAIL_SECRET"],
)  # fmt: skip
def test_secret_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["BASE", "MODEL", "max_tokens", "prompt_tokens", "Accept", "Content-Type", "KEYBOARD", "PATH",
     "K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY", "x-request-id", "monkey", "AUTHOR",
     "idempotency-key"],
)  # fmt: skip
def test_names_that_are_not_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        PLANTED,
        json.dumps({"a": PLANTED}),
        json.dumps({"a": PLANTED}, ensure_ascii=False),
        json.dumps({"a": json.dumps({"b": PLANTED})}),
        f"http://h/?q={quote(PLANTED, safe='')}",
        f"q={quote_plus(PLANTED)}",
        base64.b64encode(PLANTED.encode()).decode(),
        base64.b64encode(f"user:{PLANTED}".encode()).decode(),
        base64.b64encode(f"me:{PLANTED}:x".encode()).decode(),
        base64.urlsafe_b64encode(f"a{PLANTED}".encode()).decode(),
    ],
)
def test_a_known_value_is_masked_in_every_form(text: str) -> None:
    shown = redactor({PLANTED})(text)
    assert "***" in shown
    raw = base64.b64encode(PLANTED.encode()).decode()
    for part in (PLANTED, "ss <w", "ss%20", "ss+%3C", raw[4:12]):
        assert part not in shown
    assert text.rstrip("=")[4:-4] not in shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer planted123",
        "Authorization: Basic cGxhbnRlZDEyMw==",
        "basic auth: Basic cGxhbnRlZDEyMw==",
        '{"token":"planted123"}',
        '{"session_key" : "plan\\"ted123"}',
        '{"accessToken":"planted123"}',
        r'{"m":"{\"refresh_token\":\"planted123\"}"}',
        "GET http://h/x?api-key=planted123&b=1",
        "http://user:planted123@h/",
        "api-key: planted123",
        "Set-Cookie: sid=planted123; Path=/",
        '"Cookie":["a=planted123"]',
        "eyJplanted123.planted123.x",
        "sk-planted123",
        "ghp_planted1234567890",
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str) -> None:
    shown = redactor(())(text)
    assert "***" in shown
    assert "ted123" not in shown
    assert "cGxhbnRl" not in shown


def test_words_stay() -> None:
    text = "check failed: output_tokens 5 of 9, max_tokens=20, finish_reason=stop; 3 tokens: fine"
    assert redactor(())(text) == text


def test_passwords_of_urls_are_secrets() -> None:
    assert secret_values({"HTTPS_PROXY": "http://me:p%40ss@proxy:1"}) == {"p%40ss", "p@ss"}


def test_k6_gets_the_same_table() -> None:
    written = resources.templates() / "lib" / "secrets.js"
    assert written.read_text(encoding="utf-8") == as_javascript()

"""How requests are read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from janbench.errors import ConfigError
from janbench.server.dialects.chat_request import parse_chat
from janbench.server.flavours.v1.response_input import go_text, invalid, prompt_of
from janbench.server.http.routing import NotJsonError, Route, Router
from janbench.server.ids import random_id, uuid4
from janbench.server.options import ServerOptions
from janbench.service.binding import is_loopback

MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop": "END"},
        {"messages": "hi"},
        {"messages": ["hi"]},
        {"stream": "yes"},
        {"max_tokens": "5"},
        {"max_tokens": True},
        {"temperature": "hot"},
        {"tools": {}},
        {"model": 1},
    ],
)
def test_a_wrong_type_fails_the_whole_body(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotJsonError):
        parse_chat({"model": "m", "messages": MESSAGES} | wrong)


def test_openai_takes_a_stop_text() -> None:
    assert parse_chat({"messages": MESSAGES, "stop": "END"}, stop_may_be_text=True).model == ""


def test_unknown_and_null_fields_pass() -> None:
    body = {"model": "m", "messages": MESSAGES, "top_k": 5, "stop": None, "max_tokens": None}
    assert parse_chat(body).prompt.max_tokens is None


def test_parts_limits_and_tools_are_read() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    request = parse_chat(
        {
            "messages": [{"role": "user", "content": parts}, {"role": "tool", "content": "r"}],
            "max_completion_tokens": 7,
            "max_tokens": 9,
            "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function"}],
            "response_format": {"type": "json_object"},
            "stream_options": {"include_usage": True},
        }
    )
    assert request.prompt.text == "ab\nr"
    assert request.prompt.max_tokens == 7
    assert [tool["name"] for tool in request.prompt.tools] == ["f"]
    assert request.prompt.after_tool and request.prompt.json_object and request.include_usage
    assert request.prompt.last_user_text == "ab"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ([{"role": "user", "content": "x"}], "[map[content:x role:user]]"),
        ({"b": 1, "a": [True, None]}, "map[a:[true <nil>] b:1]"),
    ],
)
def test_v1_prints_input_as_go_does(value: object, text: str) -> None:
    assert go_text(value) == text


def test_v1_reads_messages_in_a_string() -> None:
    assert prompt_of({"input": '[{"role":"user","content":"deep"}]'}).text == "deep"
    assert prompt_of({"input": "[not json"}).text == "[not json"
    assert prompt_of({"input": "[1]"}).text == "[1]"
    assert prompt_of({"input": "q", "system_prompt": "s", "max_tokens": 3}).text == "s\nq"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, ""),
        ({"temperature": 2}, ""),
        ({"temperature": 2.1}, "temperature must be between 0 and 2"),
        ({"top_p": "x"}, "top_p must be between 0 and 1"),
        ({"max_tokens": 0}, "max_tokens must be greater than 0"),
        ({"tools": [{"type": "web_search"}]}, "tools validation error"),
        ({"tools": [{"type": "function"}]}, ""),
    ],
)
def test_v1_validates_a_response(body: dict[str, Any], problem: str) -> None:
    code, found = invalid(body)
    assert (found, bool(code)) == (problem, bool(problem))


def test_a_parameter_matches_one_segment() -> None:
    route = Route("GET", "/v1/things/{thing}/parts/{part}", lambda _: None)
    router = Router((route, Route("GET", "/v1/things", lambda _: None)))
    assert router.find("GET", "/v1/things/a/parts/b") == (route, {"thing": "a", "part": "b"})
    for method, path in (
        ("GET", "/v1/things/a/parts"),
        ("GET", "/v1/things/a/b/parts/c"),
        ("POST", "/v1/things/a/parts/b"),
        ("DELETE", "/v1/things"),
    ):
        assert router.find(method, path) is None


def test_ids() -> None:
    assert re.fullmatch(r"conv_[0-9a-z]{42}", random_id("conv_", 42))
    assert len({random_id("x", 16) for _ in range(100)}) == 100
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(pattern, uuid4()) for _ in range(50))


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"port": 70000}, "--port"),
        ({"flavour": "jan-v3"}, "--flavour"),
        ({"models": ("",)}, "--model"),
        ({"slots": -1}, "--slots"),
        ({"slowdown": -1.0}, "--slowdown"),
        ({"stream_limit_s": 0.0}, "--stream-limit"),
        ({"token_ttl_s": 0}, "--token-ttl"),
        ({"api_key": ""}, "--api-key"),
        ({"truth_limit": 0}, "--truth-limit"),
        ({"fault_from": 5, "fault_until": 5}, "--fault-until"),
    ],
)
def test_an_option_that_cannot_work_is_named(wrong: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        ServerOptions(**wrong)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("example.org", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback

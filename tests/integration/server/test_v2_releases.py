"""Answers of the two releases of v2, as real servers gave them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.embedded import embedded_server
from tests.integration.server.conftest import FAST, MODEL, TIMEOUT_S, Api, chat_body, guest
from tests.integration.server.wire import events, frames

CHAT = "/v1/chat/completions"
ALL = "/v1/conversations"
RESPONSES = "/responses/v1/responses"
FAILED = "Failed to complete chat request"
LOST = "Failed to retrieve conversation"
RELEASES = ("v2_old", "v2")

# What was asked, and by release: the status, and what `code`, `error` and `message` hold.
REFUSALS: dict[str, tuple[str, Any, tuple[Any, ...], tuple[Any, ...]]] = {
    "no messages": (
        CHAT,
        {"model": MODEL, "messages": []},
        (400, "auto-generated-uuid", FAILED, FAILED),
        (400, "-", "[handler][VALIDATION][", "messages cannot be empty"),
    ),
    "no model": (
        CHAT,
        chat_body() | {"model": ""},
        (400, "-", FAILED, FAILED),
        (400, "-", "model key is required", "failed to select provider model: model key"),
    ),
    "unknown model": (
        CHAT,
        chat_body() | {"model": "nope"},
        (404, "caa8476d-1b95-42a7-a96b-18b0c11b2f64", FAILED, FAILED),
        (404, "conv-not-found-001", "model not found in accessible", "[handler][NOT_FOUND]["),
    ),
    "malformed conversation": (
        CHAT,
        chat_body(conversation="bad id"),
        (400, "auto-generated-uuid", FAILED, FAILED),
        (400, "-", "[VALIDATION]", "invalid conversation ID"),
    ),
    "unknown conversation": (
        CHAT,
        chat_body(conversation="conv_x"),
        (404, "auto-generated-uuid", FAILED, FAILED),
        (404, "conv-not-found-001", "[NOT_FOUND]", "failed to find conversation by public ID"),
    ),
    "get an unknown conversation": (
        f"{ALL}/conv_x",
        None,
        (404, "auto-generated-uuid", LOST, LOST),
        (404, "auto-generated-uuid", LOST, "conversation not found: failed to find"),
    ),
    "get a malformed conversation": (
        f"{ALL}/nope",
        None,
        (400, "auto-generated-uuid", LOST, LOST),
        (400, "-", LOST, "invalid conversation ID"),
    ),
    "a bad page": (
        f"{ALL}?limit=x",
        None,
        (400, "-", "invalid query parameters", "invalid query parameters"),
        (400, "-", "invalid query parameters", "invalid query parameters"),
    ),
    "a text as choice of tools": (
        RESPONSES,
        {"model": MODEL, "input": "x", "tool_choice": "auto"},
        (400, "", "of type dto.ToolChoice", ""),
        (400, "", "of type requests.ToolChoice", ""),
    ),
    "a response without model": (
        RESPONSES,
        {"input": "x"},
        (400, "", "validation for 'Model' failed on the 'required' tag", ""),
        (400, "", "validation for 'Model' failed on the 'required' tag", ""),
    ),
    "a response of an unknown model": (
        RESPONSES,
        {"model": "nope", "input": "x"},
        (500, "", 'llm api error: {"code":"caa8476d', ""),
        (500, "", 'llm api error: {"code":"conv-not-found-001"', ""),
    ),
    "get an unknown response": (
        f"{RESPONSES}/resp_x",
        None,
        (404, "", "record not found", ""),
        (404, "", "response not found: record not found", ""),
    ),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str, release: str, request: pytest.FixtureRequest) -> None:
    api: Api = request.getfixturevalue(release)
    path, body, *answers = REFUSALS[name]
    reply = api("GET" if body is None else "POST", path, body)
    status, *texts = answers[RELEASES.index(release)]
    assert reply.status_code == status
    found = [str(reply.json().get(key, "")) for key in ("code", "error", "message")]
    for text, given in zip(texts, found, strict=True):
        assert text in given


@pytest.mark.parametrize("release", RELEASES)
def test_guests(release: str, request: pytest.FixtureRequest) -> None:
    api: Api = request.getfixturevalue(release)
    me = api("GET", "/auth/me").json()
    assert me["username"].startswith("guest-")
    assert me["username"].endswith("@temp.jan.ai")
    assert len(me["id"]) == 36
    assert ("is_admin" in me) is (release == "v2")
    cookie = api("GET", "/auth/logout").headers["Set-Cookie"]
    assert cookie.endswith("HttpOnly; Secure; SameSite=None")
    assert "Expires=" in cookie
    unrouted = requests.get(api.server.base + "/nothing", timeout=TIMEOUT_S)
    assert unrouted.headers["Content-Type"] == "application/json"


def test_today_names_no_conversation_in_a_stream(v2: Api, v2_old: Api) -> None:
    for api, named in ((v2, False), (v2_old, True)):
        made = api("POST", ALL, {"title": "t"}).json()
        body = chat_body("hello", stream=True, conversation={"id": made["id"]})
        found = frames(api("POST", CHAT, body).text)
        assert any("conversation" in frame for frame in found[:-1]) is named
        items = api("GET", f"{ALL}/{made['id']}/items?order=asc").json()["data"]
        assert all("completed_at" not in item for item in items)
        assert isinstance(items[1]["content"][0]["text"], str) is not named
        assert ("updated_at" in made) is not named
        assert ("title_locked" in made.get("metadata", {})) is not named


def test_an_item_with_a_plain_text(v2: Api, v2_old: Api) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "text", "text": "a"}]}
    for api, status in ((v2, 200), (v2_old, 400)):
        made = api("POST", ALL, {}).json()
        reply = api("POST", f"{ALL}/{made['id']}/items", {"items": [item]})
        assert reply.status_code == status
    assert reply.json()["code"] == "b2c3d4e5-f6g7-4h8i-9j0k-1l2m3n4o5p6q"


def test_models_of_today_have_a_category(v2: Api, v2_old: Api) -> None:
    keys = {"model_display_name", "category", "category_order_number", "model_order_number"}
    assert keys <= set(v2("GET", "/v1/models").json()["data"][0])
    assert not keys & set(v2_old("GET", "/v1/models").json()["data"][0])


@pytest.mark.parametrize("release", RELEASES)
def test_a_healthy_response_has_an_empty_error(
    release: str, request: pytest.FixtureRequest
) -> None:
    api: Api = request.getfixturevalue(release)
    body = {"model": MODEL, "input": "x"}
    whole = api("POST", RESPONSES, body).json()
    found = [value for _, value in events(api("POST", RESPONSES, body | {"stream": True}).text)]
    assert whole["error"] == found[-1]["error"] == {"code": "", "message": ""}
    assert found[0]["error"] is None
    assert ("created_at" in whole) is (release == "v2")


def test_a_dead_model_is_answered_with_an_apology_today(v2: Api, v2_old: Api) -> None:
    for fault in ("backend-down", "backend-4xx"):
        said = v2("POST", CHAT, chat_body(), fault=fault)
        assert said.status_code == 200
        assert said.json()["id"].startswith("fallback_")
        assert said.json()["choices"][0]["message"]["content"]
        assert set(said.json()["usage"].values()) == {0}
        response = v2("POST", RESPONSES, {"model": MODEL, "input": "x"}, fault=fault)
        assert (response.status_code, response.json()["status"]) == (200, "completed")
        assert set(response.json()["usage"].values()) == {0}
    assert v2_old("POST", CHAT, chat_body(), fault="backend-down").status_code == 500


def test_the_gateway_allows_so_many_requests_a_minute() -> None:
    with embedded_server("--flavour", "jan-v2", "--rate-limit", "3", *FAST) as server:
        api = guest(server, "/llm/auth/guest-login")  # not on /v1: not counted
        replies = [api("GET", "/v1/models") for _ in range(5)]
        if replies[0].headers["RateLimit-Reset"] < replies[-1].headers["RateLimit-Reset"]:
            replies = [api("GET", "/v1/models") for _ in range(5)]  # a minute began in between
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
        assert replies[0].headers["X-RateLimit-Limit-Minute"] == "3"
        assert replies[2].headers["RateLimit-Remaining"] == "0"
        assert "Retry-After" not in replies[2].headers
        assert replies[3].headers["Retry-After"] == replies[3].headers["RateLimit-Reset"]
        assert replies[3].json() == {"message": "API rate limit exceeded"}
        assert api("GET", "/auth/me").status_code == 200

"""Jan Server v2."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.embedded import EmbeddedServer
from tests.integration.server.conftest import MODEL, TIMEOUT_S, Api, chat_body, guest
from tests.integration.server.wire import content, events, frames

CHAT = "/v1/chat/completions"
ALL = "/v1/conversations"
RESPONSES = "/responses/v1/responses"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.mark.parametrize("prefix", ["/llm", ""])
def test_login_and_refresh_are_json(v2_server: EmbeddedServer, prefix: str) -> None:
    base = v2_server.base + prefix
    reply = requests.post(f"{base}/auth/guest-login", json={}, timeout=TIMEOUT_S)
    assert reply.status_code == 201
    assert "Set-Cookie" not in reply.headers
    body = reply.json()
    assert set(body) == {
        *("user_id", "username", "principal_id", "access_token", "refresh_token"),
        *("token_type", "expires_in"),
    }
    assert body["token_type"] == "Bearer"
    url = f"{base}/auth/refresh-token"
    refreshed = requests.post(url, json={"refresh_token": body["refresh_token"]}, timeout=TIMEOUT_S)
    assert refreshed.status_code == 200
    assert set(refreshed.json()) == {
        *("access_token", "refresh_token", "token_type", "expires_in", "expires_at"),
    }
    # Only a body that isn't JSON lets the cookie, then the header count.
    cookie = {"Cookie": f"refresh_token={body['refresh_token']}"}
    assert requests.post(url, headers=cookie, timeout=TIMEOUT_S).status_code == 200
    bearer = {"Authorization": f"Bearer {body['refresh_token']}"}
    assert requests.post(url, headers=bearer, timeout=TIMEOUT_S).status_code == 200
    missing = requests.post(url, json={}, headers=cookie, timeout=TIMEOUT_S)
    assert (missing.status_code, missing.json()["error"]) == (400, "refresh_token required")
    refused = requests.post(url, json={"refresh_token": "x"}, timeout=TIMEOUT_S)
    assert (refused.status_code, refused.json()["error"]) == (401, "failed to refresh token")
    assert requests.get(url, timeout=TIMEOUT_S).status_code == 404  # POST only


def test_who_am_i(v2: Api) -> None:
    reply = v2("GET", "/auth/me", **{"X-Request-Id": "mine"})
    me = reply.json()
    assert set(me) == {
        *("id", "username", "email", "subject", "auth_method", "name", "roles", "is_admin"),
    }
    assert me["auth_method"] == "jwt"
    assert reply.headers["X-Request-Id"] == "mine"
    assert reply.headers["X-User-ID"] == me["id"]
    assert reply.headers["X-Auth-Method"] == "jwt"
    assert v2("GET", "/auth/logout").json() == {"status": "logged out"}
    assert v2("POST", "/auth/upgrade", {"email": "a@b.c"}).json() == {"status": "upgraded"}
    assert v2("GET", "/auth/me").json()["email"] == "a@b.c"


def test_api_keys(v2: Api) -> None:
    made = v2("POST", "/auth/api-keys", {"name": "ci"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert key.startswith("sk_live_")
    assert made.json()["suffix"] == key[-4:]
    assert "key" not in v2("GET", "/auth/api-keys").json()["items"][0]
    keyed = Api(v2.server, {"X-API-Key": key})
    assert keyed("GET", "/v1/models").status_code == 200
    assert keyed("GET", "/auth/me").json()["auth_method"] == "apikey"
    assert keyed("GET", "/auth/me").json()["id"] == v2("GET", "/auth/me").json()["id"]
    # response-api takes only a Bearer.
    alone = keyed("POST", RESPONSES, {"model": MODEL, "input": "x"})
    assert (alone.status_code, alone.json()) == (401, {"error": "missing bearer token"})
    for _ in range(4):
        assert v2("POST", "/auth/api-keys", {"name": "n"}).status_code == 201
    assert v2("POST", "/auth/api-keys", {"name": "n"}).status_code == 400
    assert v2("DELETE", f"/auth/api-keys/{made.json()['id']}").status_code == 200
    gone = keyed("GET", "/v1/models")
    assert (gone.status_code, gone.json()) == (401, {"message": "Invalid API key"})
    assert Api(v2.server, {"X-API-Key": "sk-embedded"})("GET", "/v1/models").status_code == 200


def test_public_and_protected(v2_server: EmbeddedServer) -> None:
    nobody = Api(v2_server)
    assert nobody("GET", "/healthz").json() == {"status": "ok"}
    assert nobody("GET", "/readyz").json() == {"status": "ready"}
    unauthorized = {"code": "", "error": "unauthorized", "message": "unauthorized"}
    for path in ("/v1/models", "/v1/version", ALL):
        reply = nobody("GET", path)
        assert (reply.status_code, reply.json()) == (401, unauthorized)
    assert nobody("POST", RESPONSES, {}).json() == {"error": "missing bearer token"}
    bad = nobody("POST", RESPONSES, {}, Authorization="Bearer x")
    assert (bad.status_code, bad.json()) == (401, {"error": "invalid token"})
    assert nobody("GET", "/nothing").json() == {"message": "no Route matched with those values"}
    # A path that only another version has.
    reply = nobody("POST", "/v1/responses", {})
    assert (reply.status_code, reply.text) == (404, "404 page not found")


def test_models_tell_their_provider_on_request(v2: Api) -> None:
    plain = v2("GET", "/v1/models").json()["data"][0]
    more = v2("GET", "/v1/models", **{"X-PROVIDER-DATA": "true"}).json()["data"][0]
    assert set(more) - set(plain) == {"provider_id", "provider_vendor", "provider_name"}


def test_a_stream_always_tells_its_usage(v2: Api) -> None:
    text = v2("POST", CHAT, chat_body(stream=True)).text
    found = frames(text)
    assert found[-2]["usage"]["completion_tokens"] == 16
    assert text.endswith("data: [DONE]\n")
    assert not any("conversation" in frame for frame in found[:-1])


def test_a_body_that_is_no_object(v2: Api) -> None:
    broken = v2("POST", CHAT, [])
    assert (broken.status_code, broken.json()["error"]) == (500, "Invalid request body")


@pytest.mark.parametrize("reference", ["", {}])
def test_an_empty_reference_makes_a_conversation(v2: Api, reference: Any) -> None:
    body = v2("POST", CHAT, chat_body("hello", conversation=reference)).json()
    assert re.fullmatch(r"conv_[0-9a-z]{16}", body["conversation"]["id"])
    assert body["conversation"]["title"] == "hello"
    assert body["id"].startswith("chatcmpl-")


def test_a_conversation_is_told_before_done_and_stored_by_default(v2_old: Api) -> None:
    v2 = v2_old
    made = v2("POST", ALL, {}).json()
    assert "title" not in made
    body = chat_body("hello", stream=True, conversation={"id": made["id"]})
    found = frames(v2("POST", CHAT, body).text)
    assert found[-1] == "[DONE]"
    frame = found[-2]
    assert frame["conversation"] == {"id": made["id"], "title": "hello"}
    assert (frame["id"], frame["object"]) == ("", "chat.completion.chunk")
    assert "choices" not in frame
    items = v2("GET", f"{ALL}/{made['id']}/items?order=asc").json()
    assert "total" not in items
    user, assistant = items["data"]
    assert user["content"] == [{"type": "input_text", "input_text": "hello"}]
    assert assistant["content"][0]["text"] == {"text": content(found[:-2])}
    assert [item["sequence_number"] for item in items["data"]] == [1, 2]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", user["created_at"])
    v2("POST", CHAT, chat_body("no", conversation=made["id"], store=False))
    assert len(v2("GET", f"{ALL}/{made['id']}/items").json()["data"]) == 2


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("x" * 61, "x" * 60 + "..."),
        ("a" * 40 + " " + "b" * 40, "a" * 40 + "..."),
        ("a" * 20 + " " + "b" * 60, "a" * 20 + " " + "b" * 39 + "..."),
    ],
)
def test_titles(v2: Api, said: str, title: str) -> None:
    body = v2("POST", f"{CHAT}?referrer=x", chat_body(said)).json()
    assert body["conversation"]["title"] == title


def test_conversations(v2: Api, v2_server: EmbeddedServer) -> None:
    ids = [v2("POST", ALL, {"title": f"t{n}"}).json()["id"] for n in range(3)]
    page = v2("GET", f"{ALL}?limit=2").json()
    assert [row["id"] for row in page["data"]] == ids[:0:-1]  # newest first
    assert (page["total"], page["has_more"]) == (3, True)
    rest = v2("GET", f"{ALL}?after={page['last_id']}").json()
    assert [row["id"] for row in rest["data"]] == ids[:1]
    one = f"{ALL}/{ids[0]}"
    assert v2("POST", one, {"title": "new"}).json()["title"] == "new"
    assert v2("PATCH", one, {"title": "x"}).status_code == 404
    assert guest(v2_server, "/auth/guest-login")("GET", one).status_code == 404
    assert v2("GET", f"{ALL}/nope").status_code == 400
    added = v2("POST", f"{one}/items", {"items": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "b"}]},
    ]})  # fmt: skip
    parts = [item["content"][0] for item in added.json()["data"]]
    assert parts == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    item = added.json()["data"][0]["id"]
    assert v2("GET", f"{one}/items/{item}").json()["sequence_number"] == 1
    assert v2("DELETE", f"{one}/items/{item}").json()["id"] == ids[0]
    assert v2("GET", f"{one}/items/{item}").status_code == 404
    assert v2("DELETE", one).json()["deleted"] is True
    assert v2("GET", one).status_code == 404
    assert v2("GET", f"{ALL}?referrer=nobody").json()["first_id"] == ""


def test_a_response(v2: Api) -> None:
    body = v2("POST", RESPONSES, {"model": MODEL, "input": [{"role": "user", "content": "x"}]})
    made = body.json()
    assert body.status_code == 200
    assert re.fullmatch(f"resp_{UUID}", made["id"])
    assert re.fullmatch(f"conv_{UUID}", made["conversation_id"])
    assert isinstance(made["output"], str)
    assert made["usage"]["completion_tokens"] == 16
    assert made["error"] == {"code": "", "message": ""}  # of a response that went well
    one = f"{RESPONSES}/{made['id']}"
    assert v2("GET", one).json() == made
    assert v2("POST", f"{one}/cancel").json() == made  # finished: unchanged
    items = v2("GET", f"{one}/input_items").json()["data"]
    said = {"text": "x", "type": "text"}
    assert items == [{"role": "user", "content": said, "status": "completed"}]
    assert v2("DELETE", one).status_code == 200
    gone = v2("GET", one)
    assert gone.status_code == 404
    assert gone.json()["error"].endswith("response not found: record not found")


def test_a_streamed_response(v2: Api) -> None:
    text = v2("POST", RESPONSES, {"model": MODEL, "input": "x", "stream": True}).text
    found = events(text)
    names = [name for name, _ in found]
    assert names == ["response.created", *["response.output_text.delta"] * 16, "response.completed"]
    assert "[DONE]" not in names
    assert set(found[1][1]) == {"id", "delta"}
    created, completed = found[0][1], found[-1][1]
    assert (created["status"], "output" in created) == ("in_progress", False)
    assert completed["output"] == "".join(value["delta"] for _, value in found[1:-1])
    assert completed["usage"] is None


def test_tools_of_a_response_are_executed(v2: Api) -> None:
    tool = {"type": "function", "function": {"name": "google_search"}}
    chosen = {"type": "function", "function": {"name": "google_search"}}
    body = {"model": MODEL, "input": "x", "tools": [tool], "tool_choice": chosen}
    found = events(v2("POST", RESPONSES, body | {"stream": True}).text)
    names = [name for name, _ in found]
    assert names.index("response.tool_call") < names.index("response.tool_result")
    call = next(value for name, value in found if name == "response.tool_call")["call"]
    result = next(value for name, value in found if name == "response.tool_result")
    assert call["name"] == "google_search"
    assert result["call_id"] == call["id"]
    assert result["result"]["is_error"] is False


@pytest.mark.parametrize("given", ["", [], ["text"], None])
def test_bad_responses(v2: Api, given: Any) -> None:
    reply = v2("POST", RESPONSES, {"model": MODEL, "input": given})
    assert (reply.status_code, set(reply.json())) == (400, {"error"})

"""Chat completions of v1, as they are on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.server.conftest import MODEL, Api, chat_body, guest
from tests.integration.server.wire import content, frames, wire

CHAT = "/v1/chat/completions"
CONV = "/v1/conv/chat/completions"
FAILED = '{"code":"bc82d69c-685b-4556-9d1f-2a4a80ae8ca4","error":""}'
TOOL = {
    "type": "function",
    "function": {
        "name": "google_search",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
    },
}


def test_a_whole_answer(v1: Api) -> None:
    reply = v1("POST", CHAT, chat_body())
    body = reply.json()
    assert reply.status_code == 200
    assert body["id"].startswith("chatcmpl-")
    assert (body["object"], body["model"], body["system_fingerprint"]) == (
        "chat.completion",
        MODEL,
        "",
    )
    choice = body["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert set(choice["message"]) == {"role", "content"}
    assert choice["content_filter_results"]["hate"] == {"filtered": False}
    usage = body["usage"]
    assert usage["completion_tokens"] == 16
    assert usage["total_tokens"] == usage["prompt_tokens"] + 16
    assert usage["prompt_tokens_details"] is None


def test_a_stream_is_relayed_line_by_line_and_lacks_the_last_blank_line(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("POST", CHAT, chat_body(stream=True), **v1.headers)
        head = connection.read_head()
        chunks = connection.read_chunks()
    assert head["content-type"] == "text/event-stream"
    assert head["transfer-encoding"] == "chunked"
    assert head["cache-control"] == "no-cache"
    assert head["access-control-allow-origin"] == "*"
    assert "x-accel-buffering" not in head
    body = b"".join(chunks)
    assert body.endswith(b"}\n\ndata: [DONE]\n")
    assert chunks[-1] == b"data: [DONE]\n"
    assert chunks[1:-1:2] == [b"\n"] * (len(chunks) // 2)
    assert all(chunk.startswith(b"data: {") for chunk in chunks[0:-1:2])


def test_the_order_of_chunks(v1: Api) -> None:
    found = frames(v1("POST", CHAT, chat_body(stream=True)).text)
    deltas = [frame["choices"][0]["delta"] for frame in found[:-1]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert all(delta["content"] for delta in deltas[1:-1])
    assert len(deltas[1:-1]) == 16
    assert deltas[-1] == {"content": ""}
    reasons = [frame["choices"][0]["finish_reason"] for frame in found[:-1]]
    assert reasons == [None] * 17 + ["stop"]
    assert found[-1] == "[DONE]"
    assert {(f["id"], f["object"], f["model"]) for f in found[:-1]} == {
        (found[0]["id"], "chat.completion.chunk", MODEL)
    }


def test_usage_in_a_stream_is_opt_in(v1: Api) -> None:
    options: dict[str, Any] = {
        "stream": True,
        "max_tokens": 5,
        "stream_options": {"include_usage": True},
    }
    found = frames(v1("POST", CHAT, chat_body(**options)).text)
    assert found[-2]["choices"] == []
    assert found[-2]["usage"]["completion_tokens"] == 5
    assert found[-3]["choices"][0]["finish_reason"] == "length"


def test_tool_calls_in_fragments(v1: Api) -> None:
    body = chat_body(stream=True, tools=[TOOL], tool_choice="required")
    found = frames(v1("POST", CHAT, body).text)
    calls = [
        frame["choices"][0]["delta"]["tool_calls"][0]
        for frame in found[:-1]
        if "tool_calls" in frame["choices"][0]["delta"]
    ]
    assert calls[0]["type"] == "function"
    assert calls[0]["function"]["name"] == "google_search"
    assert calls[0]["id"].startswith("call_")
    assert all(set(call) == {"index", "function"} for call in calls[1:])
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert set(json.loads(arguments)) == {"q"}
    assert found[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_tool_call_in_a_whole_answer_has_no_content(v1: Api) -> None:
    choice = v1("POST", CHAT, chat_body("google search it", tools=[TOOL])).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert "content" not in choice["message"]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "google_search"


def test_a_json_object_on_request(v1: Api) -> None:
    body = chat_body(response_format={"type": "json_object"})
    text = v1("POST", CHAT, body).json()["choices"][0]["message"]["content"]
    assert isinstance(json.loads(text), dict)
    streamed = content(frames(v1("POST", CHAT, body | {"stream": True}).text))
    assert isinstance(json.loads(streamed), dict)


@pytest.mark.parametrize("path", [CHAT, CONV])
@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ([], "0199600b-86d3-7339-8402-8ef1c7840475", ""),
        (chat_body(stop="END"), "0199600b-86d3-7339-8402-8ef1c7840475", ""),
    ],
)
def test_bad_requests(v1: Api, path: str, body: Any, code: str, error: str) -> None:
    reply = v1("POST", path, body)
    assert (reply.status_code, reply.json()) == (400, {"code": code, "error": error})


def test_only_plain_chat_looks_for_messages(v1: Api) -> None:
    empty = {"model": MODEL, "messages": []}
    refused = v1("POST", CHAT, empty)
    assert (refused.status_code, refused.json()["error"]) == (400, "messages cannot be empty")
    assert v1("POST", CONV, empty).status_code == 200


def test_a_conversation_that_is_an_object(v1: Api) -> None:
    reply = v1("POST", CONV, chat_body(conversation={"id": "conv_x"}))
    assert reply.status_code == 400
    assert "cannot unmarshal object into Go struct field" in reply.json()["error"]


def test_the_gateway_leaves_an_unknown_model_to_the_backend(v1: Api) -> None:
    body = chat_body() | {"model": "nope"}
    whole = v1("POST", CHAT, body)
    assert whole.status_code == 200
    assert whole.json()["choices"] is None
    assert whole.json()["usage"]["total_tokens"] == 0
    stream = v1("POST", CHAT, body | {"stream": True})
    assert stream.status_code == 200
    assert not stream.text.startswith("data:")
    assert json.loads(stream.text)["code"] == 404


def test_reasoning_precedes_content() -> None:
    flags = ("--ttft-ms", "1", "--itl-ms", "0", "--tokens", "4", "--reasoning-tokens", "3")
    with embedded_server(*flags) as server:
        api = guest(server)
        found = frames(api("POST", CHAT, chat_body(stream=True)).text)
        whole = api("POST", CHAT, chat_body()).json()["choices"][0]["message"]
        spent = api("POST", CHAT, chat_body(max_tokens=2)).json()["choices"][0]
    kinds = [next(iter(frame["choices"][0]["delta"])) for frame in found[1:-2]]
    assert kinds == ["reasoning_content"] * 3 + ["content"] * 4
    assert whole["reasoning_content"]
    assert "content" not in spent["message"]
    assert spent["finish_reason"] == "length"


def items(api: Api, conversation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api("GET", f"/v1/conversations/{conversation}/items").json()[
        "data"
    ]
    return found


def text_of(item: dict[str, Any]) -> str:
    return str(item["content"][0]["text"]["value"])


def test_a_conversation_is_created_even_without_store(v1: Api) -> None:
    body = v1("POST", CONV, chat_body("Tell me  ")).json()
    metadata = body["metadata"]
    assert metadata["conversation_created"] is True
    assert metadata["conversation_title"] == "Tell me"
    assert (metadata["ask_item_id"][:4], metadata["store"]) == ("msg_", False)
    conversation = v1("GET", f"/v1/conversations/{metadata['conversation_id']}").json()
    assert conversation["metadata"] == {"model": MODEL}
    # store:false still stores the reply, not the question.
    stored = items(v1, metadata["conversation_id"])
    assert [item["role"] for item in stored] == ["assistant"]
    assert text_of(stored[0]) == body["choices"][0]["message"]["content"]


def test_store_keeps_the_last_message_and_the_reply(v1: Api) -> None:
    created = v1("POST", "/v1/conversations", {"title": "mine"}).json()
    body = chat_body("second", conversation=created["id"], store=True)
    body["messages"].insert(0, {"role": "user", "content": "first"})
    reply = v1("POST", CONV, body).json()
    metadata = reply["metadata"]
    assert metadata["conversation_created"] is False
    assert metadata["conversation_title"] == "mine"
    assert metadata["store"] is True
    assert reply["id"] == metadata["completion_item_id"]
    stored = items(v1, created["id"])
    assert [item["id"] for item in stored] == [
        metadata["ask_item_id"],
        metadata["completion_item_id"],
    ]
    assert [text_of(item) for item in stored] == [
        "second",
        reply["choices"][0]["message"]["content"],
    ]


def test_a_streamed_conversation_starts_with_its_metadata(v1: Api) -> None:
    text = v1("POST", CONV, chat_body("hello", stream=True, store=True)).text
    first, *rest = frames(text)
    assert set(first) == {
        *("conversation_id", "conversation_created", "conversation_title", "ask_item_id"),
        *("completion_item_id", "store", "store_reasoning"),
    }
    assert first["store"] is False  # never filled in a stream
    assert text.endswith("data: [DONE]\n")
    stored = items(v1, first["conversation_id"])
    assert [item["id"] for item in stored] == [first["ask_item_id"], first["completion_item_id"]]
    assert text_of(stored[1]) == content(rest)


def test_an_unknown_conversation(v1: Api) -> None:
    for stream in (False, True):
        reply = v1("POST", CONV, chat_body(conversation="conv_x", stream=stream))
        assert reply.status_code == 404
        assert reply.json()["code"] == "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("x" * 50, "x" * 50),
        ("x" * 51, "x" * 50 + "..."),
        ("é" * 26, "é" * 25 + "..."),
        ("   ", "New Conversation"),
        (" trimmed ", "trimmed"),
    ],
)
def test_titles(v1: Api, said: str, title: str) -> None:
    reply = v1("POST", CONV, chat_body(said)).json()
    assert reply["metadata"]["conversation_title"] == title


def test_a_default_title_is_made_anew(v1: Api) -> None:
    conversation = v1("POST", CONV, chat_body(" ")).json()["metadata"]["conversation_id"]
    again = v1("POST", CONV, chat_body("now", conversation=conversation)).json()
    assert again["metadata"]["conversation_title"] == "now"


def test_headers_leave_with_the_first_token() -> None:
    with embedded_server("--ttft-ms", "400", "--itl-ms", "1", "--tokens", "3") as server:
        api = guest(server)
        with wire(server.port) as connection:
            connection.send("POST", CHAT, chat_body(stream=True), **api.headers)
            first = connection.read()
        row = wait_for_end(server)
        # The head and the first token came in one write, when the token was due.
        assert first.startswith(b"HTTP/1.1 200")
        assert first.count(b'"content"') >= 2
        assert row["headers_sent_ns"] - row["received_ns"] >= 400_000_000
        assert row["headers_sent_ns"] <= row["token_ns"][0]

        with wire(server.port) as connection:
            connection.send("POST", CONV, chat_body(stream=True), **api.headers)
            head = connection.read_head()
            assert head["status"] == "200"
            assert b'"conversation_id"' in connection.read_chunk()
            # The client holds the metadata while no token has left yet.
            assert server.truth()[-1]["token_ns"] == []
            assert len(connection.read_chunks()) > 3


def wait_for_end(server: EmbeddedServer) -> dict[str, Any]:
    row = server.truth()[-1]
    while row["end_ns"] is None:
        row = server.truth()[-1]
    return row

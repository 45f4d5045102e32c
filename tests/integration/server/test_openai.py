"""A plain OpenAI-compatible server."""

from __future__ import annotations

import json

import pytest

from tests.embedded import embedded_server
from tests.integration.server.conftest import MODEL, Api, chat_body
from tests.integration.server.wire import events, frames, wire

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def test_a_stream_by_events_with_its_last_blank_line(openai: Api) -> None:
    with wire(openai.server.port) as connection:
        connection.send("POST", CHAT, chat_body(stream=True))
        connection.read_head()
        chunks = connection.read_chunks()
    assert chunks[-1] == b"data: [DONE]\n\n"
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in chunks)
    assert json.loads(chunks[0][6:])["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert len(chunks) == 1 + 16 + 2


def test_the_role_chunk_leaves_at_once() -> None:
    with embedded_server("--flavour", "openai", "--ttft-ms", "400", "--tokens", "3") as server:
        with wire(server.port) as connection:
            connection.send("POST", CHAT, chat_body(stream=True))
            connection.read_head()
            assert b'"role":"assistant"' in connection.read_chunk()
            assert server.truth()[-1]["token_ns"] == []
            connection.read_chunks()
        row = server.truth()[-1]
    assert row["token_ns"][0] - row["headers_sent_ns"] >= 300_000_000


def test_usage_is_opt_in(openai: Api) -> None:
    plain = frames(openai("POST", CHAT, chat_body(stream=True)).text)
    assert not any("usage" in frame for frame in plain[:-1])
    options = {"include_usage": True}
    told = frames(openai("POST", CHAT, chat_body(stream=True, stream_options=options)).text)
    assert told[-2]["choices"] == []
    assert told[-2]["usage"]["completion_tokens"] == 16


def test_a_whole_answer_and_a_stop_text(openai: Api) -> None:
    body = openai("POST", CHAT, chat_body(stop="END")).json()
    assert body["choices"][0]["message"]["content"]
    assert "content_filter_results" not in body["choices"][0]
    assert body["usage"]["completion_tokens"] == 16


def test_errors(openai: Api) -> None:
    unknown = openai("POST", CHAT, chat_body() | {"model": "nope"})
    assert unknown.status_code == 404
    assert unknown.json()["error"]["code"] == "model_not_found"
    for path in (CHAT, RESPONSES):
        broken = openai("POST", path, [])
        assert broken.status_code == 400
        assert set(broken.json()["error"]) == {"message", "type", "param", "code"}
    assert openai("POST", CHAT, {"model": MODEL, "messages": []}).status_code == 400
    assert openai("GET", "/v1/nothing").status_code == 404
    assert openai("GET", "/health").status_code == 200
    assert openai("GET", "/v1/models").json()["data"][0]["id"] == MODEL


def test_a_key_is_needed_only_when_one_was_given() -> None:
    with embedded_server("--flavour", "openai", "--api-key", "k") as server:
        assert Api(server)("GET", "/v1/models").status_code == 401
        refused = Api(server, {"Authorization": "Bearer other"})("GET", "/v1/models")
        assert refused.json()["error"]["code"] == "invalid_api_key"
        assert Api(server, {"Authorization": "Bearer k"})("GET", "/v1/models").status_code == 200


def test_a_response(openai: Api) -> None:
    body = openai("POST", RESPONSES, {"model": MODEL, "input": "hi"}).json()
    assert (body["object"], body["status"], body["error"]) == ("response", "completed", None)
    assert body["usage"]["output_tokens"] == 16
    item = body["output"][0]
    assert (item["type"], item["role"], item["status"]) == ("message", "assistant", "completed")
    assert item["content"][0]["type"] == "output_text"
    assert openai("GET", f"{RESPONSES}/{body['id']}").json() == body
    items = openai("GET", f"{RESPONSES}/{body['id']}/input_items").json()
    assert items["data"][0]["content"][0]["text"] == "hi"
    assert openai("POST", f"{RESPONSES}/{body['id']}/cancel").status_code == 400
    assert openai("DELETE", f"{RESPONSES}/{body['id']}").json()["deleted"] is True
    assert openai("GET", f"{RESPONSES}/{body['id']}").status_code == 404


def test_a_streamed_response_is_in_the_standard_dialect(openai: Api) -> None:
    text = openai("POST", RESPONSES, {"model": MODEL, "input": "hi", "stream": True}).text
    found = events(text)
    assert [name for name, _ in found] == [
        *("response.created", "response.in_progress"),
        *("response.output_item.added", "response.content_part.added"),
        *["response.output_text.delta"] * 16,
        *("response.output_text.done", "response.content_part.done"),
        *("response.output_item.done", "response.completed"),
    ]
    assert [value["sequence_number"] for _, value in found] == list(range(len(found)))
    assert all(value["type"] == name for name, value in found)
    response = found[-1][1]["response"]
    assert response["usage"]["output_tokens"] == 16
    said = "".join(value["delta"] for name, value in found if name.endswith("text.delta"))
    assert response["output"][0]["content"][0]["text"] == said
    assert "[DONE]" not in text
    assert openai("GET", f"{RESPONSES}/{response['id']}").status_code == 200


def test_a_limit_makes_it_incomplete(openai: Api) -> None:
    body = {"model": MODEL, "input": "hi", "max_output_tokens": 3}
    whole = openai("POST", RESPONSES, body).json()
    assert whole["status"] == "incomplete"
    assert whole["incomplete_details"] == {"reason": "max_output_tokens"}
    found = events(openai("POST", RESPONSES, body | {"stream": True}).text)
    assert found[-1][0] == "response.incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_a_function_call(openai: Api, stream: bool) -> None:
    body = {"model": MODEL, "input": "hi", "tools": [TOOL], "tool_choice": "required"}
    reply = openai("POST", RESPONSES, body | {"stream": stream})
    if stream:
        found = events(reply.text)
        deltas = [v["delta"] for n, v in found if n == "response.function_call_arguments.delta"]
        done = next(v for n, v in found if n == "response.function_call_arguments.done")
        assert "".join(deltas) == done["arguments"]
        item = found[-1][1]["response"]["output"][0]
    else:
        item = reply.json()["output"][0]
    assert (item["type"], item["name"]) == ("function_call", "get_weather")
    assert set(json.loads(item["arguments"])) == {"city"}


def test_reasoning_is_an_item_of_its_own() -> None:
    flags = ("--ttft-ms", "1", "--itl-ms", "0", "--tokens", "4", "--reasoning-tokens", "3")
    with embedded_server("--flavour", "openai", *flags) as server:
        reply = Api(server)("POST", RESPONSES, {"model": MODEL, "input": "hi", "stream": True})
    found = events(reply.text)
    added = [v["item"]["type"] for n, v in found if n == "response.output_item.added"]
    assert added == ["reasoning", "message"]
    by_type = {v["item"]["type"]: v["item"]["id"] for n, v in found if n.endswith("item.added")}
    for name, value in found:
        if name.endswith("text.delta"):
            kind = "reasoning" if "reasoning" in name else "message"
            assert value["item_id"] == by_type[kind]
    indexes = [v["output_index"] for n, v in found if n == "response.output_item.done"]
    assert indexes == [0, 1]
    response = found[-1][1]["response"]
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 3}
    assert [item["type"] for item in response["output"]] == ["reasoning", "message"]

"""The Responses API of v1."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.server.conftest import MODEL, Api, guest
from tests.integration.server.wire import events, wire

ALL = "/v1/responses"
TOOL = {"type": "function", "function": {"name": "google_search"}}


def ask(api: Api, given: Any = "hi", **more: Any) -> Any:
    return api("POST", ALL, {"model": MODEL, "input": given, **more})


def test_a_whole_response(v1: Api) -> None:
    body = ask(v1, "hi", temperature=0.5, max_tokens=7, metadata={"a": "b"}).json()
    assert re.fullmatch(r"resp_[0-9a-z]{42}", body["id"])
    assert (body["object"], body["status"], body["input"]) == ("response", "completed", "hi")
    assert "created" in body
    assert "created_at" not in body
    assert "choices" not in body
    assert body["output"][0]["type"] == "text"
    assert body["output"][0]["text"]["value"]
    usage = body["usage"]
    assert usage["output_tokens"] == 7
    assert usage["total_tokens"] == usage["input_tokens"] + 7
    assert (body["temperature"], body["max_output_tokens"], body["metadata"]) == (
        0.5,
        7,
        {"a": "b"},
    )
    assert body["truncation"] == "disabled"
    assert re.fullmatch(r"conv_[0-9a-z]{42}", body["conversation"]["id"])


def test_the_exact_order_of_a_stream(v1: Api) -> None:
    found = events(ask(v1, stream=True).text)
    names = [name for name, _ in found]
    deltas = names.count("response.output_text.delta")
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "",
        "response.completed",
    ]
    assert found[-2] == ("", "[DONE]")
    typed = [(name, value) for name, value in found if name]
    assert all(value["type"] == name for name, value in typed)
    numbers = [value["sequence_number"] for _, value in typed]
    assert numbers == [*range(len(typed) - 1), 9999]
    created, completed = found[0][1]["response"], found[-1][1]["response"]
    assert (created["status"], created["stream"]) == ("running", True)
    assert completed["status"] == "completed"
    assert "usage" not in completed
    assert "output" not in completed


def test_deltas_hold_six_words_or_more(v1: Api) -> None:
    found = events(ask(v1, stream=True).text)
    deltas = [value for name, value in found if name == "response.output_text.delta"]
    assert len(deltas) > 1
    assert all(len(delta["delta"].split()) >= 6 for delta in deltas[:-1])
    assert all(re.fullmatch(r"[0-9a-f]{10}", delta["obfuscation"]) for delta in deltas)
    done = next(value for name, value in found if name == "response.output_text.done")
    assert "".join(delta["delta"] for delta in deltas) == done["text"]
    row = v1.last_truth()
    assert row["tokens"] == 16
    assert len(row["token_ns"]) == len(deltas)


def test_reasoning_delays_the_answer_to_one_big_delta() -> None:
    flags = ("--ttft-ms", "1", "--itl-ms", "0", "--tokens", "8", "--reasoning-tokens", "14")
    with embedded_server(*flags) as server:
        api = guest(server)
        found = events(ask(api, stream=True).text)
        whole = ask(api).json()
    names = [name for name, _ in found]
    added = names.index("response.reasoning_summary_part.added")
    assert names[added - 1] == "response.output_item.added"
    assert found[added - 1][1]["item"]["id"].startswith("rs_")
    thoughts = [v["delta"] for n, v in found if n == "response.reasoning_summary_text.delta"]
    answers = [v["delta"] for n, v in found if n == "response.output_text.delta"]
    assert len(thoughts) > 1
    assert len(answers) == 1
    assert answers[0].startswith("".join(thoughts))
    assert len(answers[0]) > len("".join(thoughts))
    assert names.index("response.output_text.delta") > names.index(
        "response.reasoning_summary_part.done"
    )
    assert [part["type"] for part in whole["output"]] == ["reasoning", "text"]
    assert whole["reasoning"]["summary"] == whole["output"][0]["reasoning"]["result"]


def test_four_events_leave_before_the_model_is_called() -> None:
    with embedded_server("--ttft-ms", "400", "--itl-ms", "0", "--tokens", "7") as server:
        api = guest(server)
        with wire(server.port) as connection:
            connection.send(
                "POST", ALL, {"model": MODEL, "input": "x", "stream": True}, **api.headers
            )
            connection.read_head()
            opening = b"".join(connection.read_chunk() for _ in range(4))
            assert opening.count(b"event: ") == 4
            assert server.truth()[-1]["token_ns"] == []
            assert connection.read_chunk().startswith(b"event: response.output_text.delta")
        row = server.truth()[-1]
        assert row["token_ns"][0] - row["headers_sent_ns"] >= 300_000_000


@pytest.mark.parametrize("stream", [False, True])
def test_tools_do_nothing(v1: Api, stream: bool) -> None:
    reply = ask(v1, "google search", tools=[TOOL], tool_choice="required", stream=stream)
    assert reply.status_code == 200
    assert "google_search" not in reply.text
    assert "tool" not in reply.text


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ({"model": MODEL}, "b2c3d4e5-f6g7-8901-bcde-f23456789012", "input validation error"),
        ({"input": "x"}, "g7h8i9j0-k1l2-3456-ghij-789012345678", ""),
        ([], "g7h8i9j0-k1l2-3456-ghij-789012345678", ""),
        (
            {"model": "nope", "input": "x"},
            "h8i9j0k1-l2m3-4567-hijk-890123456789",
            "Model validation error",
        ),
        (
            {"model": MODEL, "input": "x", "temperature": 3},
            "c3d4e5f6-g7h8-9012-cdef-345678901234",
            "temperature must be between 0 and 2",
        ),
        (
            {"model": MODEL, "input": "x", "tools": [{"type": "web"}]},
            "l2m3n4o5-p6q7-8901-lmno-234567890123",
            "tools validation error",
        ),
        (
            {"model": MODEL, "input": "x", "conversation": "conv_unknown"},
            "k1l2m3n4-o5p6-7890-klmn-123456789012",
            "Conversation not found",
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusals_are_always_400(v1: Api, body: Any, code: str, error: str, stream: bool) -> None:
    given = body | {"stream": stream} if isinstance(body, dict) else body
    reply = v1("POST", ALL, given)
    assert (reply.status_code, reply.json()) == (400, {"code": code, "error": error})


def test_a_stored_response_stays_pending(v1: Api, v1_server: EmbeddedServer) -> None:
    made = ask(v1, [{"role": "user", "content": "x"}]).json()
    one = f"{ALL}/{made['id']}"
    stored = v1("GET", one).json()
    assert stored["status"] == "pending"
    assert "output" not in stored
    assert json.loads(stored["input"]) == [{"role": "user", "content": "x"}]
    assert re.fullmatch(r"conv_\d+", stored["conversation"]["id"])  # the row, not the public id
    assert guest(v1_server)("GET", one).status_code == 404
    items = v1("GET", f"{one}/input_items").json()
    assert (items["jan_status"], items["object"], items["has_more"]) == ("000000", "list", False)
    assert items["data"][0]["text"] == "[map[content:x role:user]]"
    assert v1("GET", f"{one}/input_items?limit=101").status_code == 400
    cancelled = v1("POST", f"{one}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert v1("GET", one).json()["status"] == "pending"  # a stub: nothing was cancelled
    deleted = v1("DELETE", one)
    assert (deleted.status_code, deleted.json()["status"]) == (200, "cancelled")
    assert "cancelled_at" in deleted.json()
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")):
        reply = v1(method, one + path)
        assert reply.status_code == 404
        assert reply.json()["code"] == "u1v2w3x4-y5z6-7890-uvwx-123456789012"


def test_conversations_of_responses(v1: Api) -> None:
    first = ask(v1).json()
    follow = ask(v1, previous_response_id=first["id"]).json()
    assert follow["conversation"] == first["conversation"]
    assert "conversation" not in ask(v1, store=False).json()
    fresh = ask(v1, conversation="client-created-root").json()["conversation"]["id"]
    assert v1("GET", f"/v1/conversations/{fresh}").json()["title"] == ""
    assert ask(v1, conversation=fresh).json()["conversation"]["id"] == fresh

"""Every fault, as a client meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from janbench.server.faults import FAULTS
from janbench.server.generation.prose import HTML
from tests.embedded import embedded_server
from tests.integration.server.conftest import MODEL, Api, chat_body, guest
from tests.integration.server.wire import content, events, frames, wire

CHAT = "/v1/chat/completions"
CONV = "/v1/conv/chat/completions"
RESPONSES = "/v1/responses"
V2_RESPONSES = "/responses/v1/responses"
FAILED = {"code": "bc82d69c-685b-4556-9d1f-2a4a80ae8ca4", "error": ""}
LATE = {"code": "d41f0b2c-3e5a-47c8-8f1a-9b2c6d7e4a1f", "error": ""}
V2_FAILED = {
    "code": "auto-generated-uuid",
    "error": "Failed to complete chat request",
    "message": "Failed to complete chat request",
}
COMMIT_FAILED = {"code": "a5a38af2-1605-4f58-a89c-fa3ff390d4db", "error": ""}
STREAM = chat_body(stream=True)
RESPONSE = {"model": MODEL, "input": "hi"}


def bare_lines(text: str) -> list[Any]:
    """The JSON of lines that are no `data:` lines."""
    return [json.loads(line) for line in text.split("\n") if line.startswith("{")]


def test_the_table_is_covered_here() -> None:
    source = Path(__file__).read_text()
    assert [name for name in FAULTS if f'"{name}"' not in source] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "reply"),
    [
        (CHAT, chat_body(), 400, {"code": "0199600c-3b65-7618-83ca-443a583d91c9", "error": ""}),
        (CONV, chat_body(), 400, {"code": "0199600c-3b65-7618-83ca-443a583d91c9", "error": ""}),
        (CHAT, STREAM, 200, FAILED),
    ],
)
def test_backend_down(v1: Api, path: str, body: Any, status: int, reply: Any) -> None:
    got = v1("POST", path, body, fault="backend-down")
    assert (got.status_code, got.json()) == (status, reply)
    if body is STREAM:
        assert got.headers["Content-Type"] == "text/event-stream"


def test_backend_down_after_what_leaves_at_once(v1: Api, v2_old: Api, openai: Api) -> None:
    v2 = v2_old
    conv = v1("POST", CONV, STREAM, fault="backend-down").text
    assert conv.startswith('data: {"conversation_id"')
    assert bare_lines(conv) == [FAILED]
    response = v1("POST", RESPONSES, RESPONSE | {"stream": True}, fault="backend-down").text
    assert response.count("event: ") == 5
    # The bare error is glued to the event's first line.
    assert f"{json.dumps(FAILED, separators=(',', ':'))}event: response.error" in response
    assert "[DONE]" not in response
    assert v2("POST", CHAT, STREAM, fault="backend-down").json() == V2_FAILED
    assert v2("POST", CHAT, chat_body(), fault="backend-down").status_code == 500
    told = v2("POST", V2_RESPONSES, RESPONSE | {"stream": True}, fault="backend-down").text
    assert [name for name, _ in events(told)] == ["response.created", "response.error"]
    assert openai("POST", CHAT, STREAM, fault="backend-down").status_code == 503


def test_a_backend_that_refuses(v1: Api, v2_old: Api) -> None:
    v2 = v2_old
    whole = v1("POST", CHAT, chat_body(), fault="backend-4xx")
    assert (whole.status_code, whole.json()["choices"]) == (200, None)
    stream = v1("POST", CHAT, STREAM, fault="backend-4xx").text
    assert bare_lines(stream)[0]["object"] == "error"
    assert "data:" not in stream
    empty = v1("POST", RESPONSES, RESPONSE, fault="backend-4xx").json()
    assert (empty["status"], empty["output"]) == ("completed", None)
    found = events(v1("POST", RESPONSES, RESPONSE | {"stream": True}, fault="backend-4xx").text)
    assert [name for name, _ in found][4:] == ["", "response.completed"]
    stored = v1("POST", CONV, chat_body(store=True), fault="backend-4xx")
    assert (stored.status_code, stored.json()["code"]) == (
        400,
        "01995b18-1638-719d-8ee2-01375bb2a19c",
    )
    assert v2("POST", CHAT, chat_body(), fault="backend-4xx").status_code == 502
    assert v2("POST", CHAT, STREAM, fault="backend-4xx").json() == V2_FAILED


def test_a_conversation_hangs_after_a_refusal(v1: Api) -> None:
    text = v1("POST", CONV, STREAM, fault="backend-4xx").text
    refusal, late = bare_lines(text)
    assert refusal["object"] == "error"
    assert late == FAILED
    row = v1.last_truth()
    assert row["end_ns"] - row["received_ns"] >= 1_000_000_000  # --stream-limit 1


@pytest.mark.parametrize("path", [CHAT, CONV])
def test_error_mid_stream(v1: Api, path: str) -> None:
    text = v1("POST", path, STREAM, fault="error-mid-stream").text
    assert content(frames(text))
    assert bare_lines(text) == [FAILED]
    assert "[DONE]" not in text
    assert v1.last_truth()["tokens"] == 8


def test_error_mid_stream_elsewhere(v1: Api, v2: Api, openai: Api) -> None:
    body = RESPONSE | {"stream": True}
    names = [
        name for name, _ in events(
            openai("POST", RESPONSES, body, fault="error-mid-stream").text
        )
    ]  # fmt: skip
    assert names[-2:] == ["error", "response.failed"]
    text = v1("POST", RESPONSES, body, fault="error-mid-stream").text
    assert "response.output_text.delta" in text
    assert text.count("event: response.error") == 1
    assert bare_lines(v2("POST", CHAT, STREAM, fault="error-mid-stream").text) == [V2_FAILED]
    told = frames(openai("POST", CHAT, STREAM, fault="error-mid-stream").text)
    assert "error" in told[-1]


def test_no_done_ends_cleanly_on_chat_and_hangs_elsewhere(v1: Api, v2: Api) -> None:
    text = v1("POST", CHAT, STREAM, fault="no-done").text
    assert frames(text)[-1]["choices"][0]["finish_reason"] == "stop"
    assert bare_lines(text) == []
    for api, path, late in ((v1, CONV, FAILED), (v2, CHAT, V2_FAILED)):
        text = api("POST", path, STREAM, fault="no-done").text
        assert "[DONE]" not in text
        assert bare_lines(text) == [late]
        row = api.last_truth()
        assert row["end_ns"] - row["last_event_ns"] < row["end_ns"] - row["received_ns"]
        assert row["end_ns"] - row["received_ns"] >= 1_000_000_000
    response = v1("POST", RESPONSES, RESPONSE | {"stream": True}, fault="no-done").text
    assert "[DONE]" not in response
    assert "response.completed" not in response


def test_slow_first_token(v1: Api) -> None:
    v1("POST", CHAT, STREAM, fault="slow-first-token")
    row = v1.last_truth()
    assert row["token_ns"][0] - row["received_ns"] >= 100_000_000  # 10 times 10 ms


def test_refusals_before_anything_is_done(v1: Api, v2: Api, openai: Api) -> None:
    expired = v1("GET", "/v1/auth/me", fault="expired-token")
    assert (expired.status_code, expired.json()["code"]) == (
        401,
        "019947f0-eca1-7474-8ed2-09d6e5389b54",
    )
    # A public route needs no token, so there is none that could have expired.
    assert v1("GET", "/v1/models", fault="expired-token").status_code == 200
    for api in (v1, v2, openai):
        limited = api("GET", "/v1/models", fault="rate-limit")
        assert limited.status_code == 429
        assert int(limited.headers["Retry-After"]) > 0
        assert api("GET", "/v1/models", fault="http-500").status_code == 500
    kong = v2("GET", "/v1/models", fault="rate-limit")
    assert kong.json() == {"message": "API rate limit exceeded"}
    assert kong.headers["X-RateLimit-Remaining-Minute"] == "0"
    login = v1("POST", "/v1/auth/guest-login", fault="login-500")
    assert (login.status_code, login.json()["code"]) == (
        500,
        "9576b6ba-fcc6-4bd2-b13a-33d59d6a71f1",
    )
    gone = v2("POST", "/auth/guest-login", {}, fault="login-500")
    assert (gone.status_code, gone.json()["error"]) == (502, "failed to provision guest")
    assert v1("GET", "/v1/models", fault="login-500").status_code == 200


def test_commit_failure(v1: Api, openai: Api) -> None:
    reply = v1("POST", "/v1/conversations", {"title": "t"}, fault="commit-failure")
    assert (reply.status_code, reply.json()) == (500, COMMIT_FAILED)
    assert v1("GET", "/v1/conversations").json()["data"] == []
    text = v1("POST", CHAT, STREAM, fault="commit-failure").text
    assert text.endswith('data: [DONE]\n{"code":"a5a38af2-1605-4f58-a89c-fa3ff390d4db","error":""}')
    # Nothing that a plain engine has.
    assert openai("GET", "/v1/models", fault="commit-failure").status_code == 200
    assert openai.last_truth()["fault"] is None


def test_malformed_frame(v1: Api) -> None:
    text = v1("POST", CHAT, STREAM, fault="malformed-frame").text
    lines = [line[6:] for line in text.split("\n") if line.startswith("data: {")]
    broken = []
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            broken.append(line)
    assert len(broken) == 1
    assert text.endswith("data: [DONE]\n")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_reset_and_truncated(v1: Api, path: str, stream: bool) -> None:
    body = (chat_body() if path == CHAT else RESPONSE) | {"stream": stream}
    for fault in ("reset", "truncated"):
        with wire(v1.server.port) as connection:
            connection.send("POST", path, body, x_fault=fault, **v1.headers)
            was_reset = False
            try:
                while connection.read():
                    pass
            except ConnectionResetError:
                was_reset = True
            assert was_reset is (fault == "reset")
            assert connection.data.startswith(b"HTTP/1.1 200")
            assert not connection.data.endswith(b"0\r\n\r\n")
        row = v1.last_truth()
        assert (row["fault"], row["client_gone"]) == (fault, False)
        assert row["end_ns"]


def test_stalled_is_silent_until_the_limit(v1: Api) -> None:
    text = v1("POST", CHAT, STREAM, fault="stalled").text
    assert content(frames(text))
    assert bare_lines(text) == [LATE]
    row = v1.last_truth()
    assert row["end_ns"] - row["token_ns"][-1] > 500_000_000
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        v1("POST", CHAT, chat_body(), fault="stalled")


def test_no_finish_reason_and_no_content(v1: Api, openai: Api) -> None:
    for api in (v1, openai):
        found = frames(api("POST", CHAT, STREAM, fault="no-finish-reason").text)
        assert found[-1] == "[DONE]"
        assert all(frame["choices"][0]["finish_reason"] is None for frame in found[:-1])
        whole = api("POST", CHAT, chat_body(), fault="no-finish-reason").json()
        assert whole["choices"][0]["finish_reason"] is None
        found = frames(api("POST", CHAT, STREAM, fault="no-content").text)
        assert content(found) == ""
        assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert v1("POST", RESPONSES, RESPONSE, fault="no-content").json()["output"] is None


def test_html_is_in_every_text(v1: Api) -> None:
    made = v1("POST", "/v1/conversations", {"title": "t"}, fault="html").json()
    assert made["title"].endswith(HTML)
    assert HTML in v1("GET", "/v1/models", fault="html").json()["data"][0]["owned_by"]
    assert HTML in v1("GET", "/v1/version", fault="html").json()["version"]
    error = v1("GET", "/v1/conversations/conv_x", fault="html").json()
    assert error["error"].endswith(HTML)
    first, *rest = frames(v1("POST", CONV, STREAM, fault="html").text)
    assert first["conversation_title"].endswith(HTML)
    assert content(rest).count(HTML) == 16
    whole = v1("POST", CHAT, chat_body(), fault="html").json()
    assert HTML in whole["choices"][0]["message"]["content"]


def test_close_after_stream_breaks_its_promise(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("POST", CHAT, STREAM, x_fault="close-after-stream", **v1.headers)
        head = connection.read_head()
        assert head["connection"] == "keep-alive"
        assert connection.read_chunks()
        assert connection.read_to_end() == b""
        assert connection.closed


def test_an_unknown_fault_header_is_refused(v1: Api) -> None:
    reply = v1("GET", "/v1/models", fault="nonsense")
    assert reply.status_code == 400
    assert "one of backend-down" in reply.text


def test_faults_by_flag_with_a_rate_and_a_window() -> None:
    flags = ("--fault", "http-500=0.5", "--fault-from", "10", "--fault-until", "90")

    def statuses(seed: str) -> list[int]:
        with embedded_server(*flags, "--seed", seed) as server, requests.Session() as session:
            url = server.base + "/v1/models"
            # Without --allow-fault-header the header means nothing.
            headers = {"x-fault": "rate-limit"}
            return [session.get(url, headers=headers, timeout=10).status_code for _ in range(100)]

    first = statuses("1")
    assert set(first[:10]) == set(first[90:]) == {200}
    assert 20 <= first.count(500) <= 60
    assert statuses("1") == first
    assert statuses("2") != first


def test_queue_saturation_adds_to_the_first_token() -> None:
    flags = ("--fault", "queue-saturation", "--ttft-ms", "300", "--itl-ms", "0", "--tokens", "1")
    with embedded_server(*flags) as server:
        api = guest(server)
        with wire(server.port) as first, wire(server.port) as second:
            first.send("POST", CHAT, STREAM, **api.headers)
            while server.stats()["active"] < 1:
                pass
            second.send("POST", CHAT, STREAM, **api.headers)
            second.read_head()
            second.read_chunks()
        rows = [row for row in server.truth() if row["path"] == CHAT]
    assert rows[1]["token_ns"][0] - rows[1]["received_ns"] >= 350_000_000

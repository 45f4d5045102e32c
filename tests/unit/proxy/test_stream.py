"""What the reader makes of streams as real servers send them, and of broken ones."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass

import pytest

from janbench.proxy.stream.reader import StreamReader
from tests.stream_frames import (
    CHAT,
    FINISH,
    JAN2_RESPONSES,
    JAN_CHAT,
    JAN_RESPONSES,
    METADATA,
    OPENAI_RESPONSES,
    ROLE,
    WORDS,
    chat,
    response,
    sse,
    usage,
)

BARE = b'{"code":"bc82d69c-685b-4556-9d1f-2a4a80ae8ca4","error":""}'
DONE = frozenset({"done"})
COMPLETED = frozenset({"response.completed"})


def read(
    *pieces: bytes, clean: bool = True, promised: frozenset[str] = frozenset()
) -> StreamReader:
    """Feed pieces that arrive at 1 ms, 2 ms, ..."""
    reader = StreamReader()
    for number, piece in enumerate(pieces, start=1):
        reader.feed(piece, number * 1_000_000)
    reader.end(clean=clean, promised=promised)
    return reader


@dataclass
class Case:
    body: bytes
    integrity: str = "ok"
    events: int = 3
    promised: frozenset[str] = frozenset()
    clean: bool = True
    tokens: tuple[int, str] | None = (3, "usage")
    detail: str = ""


TOOL = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": '{"a":'}}
LOST = sse(ROLE, *WORDS, FINISH)

CASES = {
    "chat": Case(CHAT, promised=DONE),
    "chat without the last blank line": Case(JAN_CHAT, promised=DONE),
    "chat without any last newline": Case(JAN_CHAT[:-1], promised=DONE),
    "CRLF": Case(CHAT.replace(b"\n", b"\r\n"), promised=DONE),
    "CR": Case(CHAT.replace(b"\n", b"\r"), promised=DONE),
    "byte order mark": Case(b"\xef\xbb\xbf" + CHAT, promised=DONE),
    "no space after the colon": Case(CHAT.replace(b"data: ", b"data:"), promised=DONE),
    "comments": Case(b": ping\n\n" + CHAT.replace(b"data: {", b": ping\ndata: {"), promised=DONE),
    "ids and retry": Case(b"retry: 10\nid: 1\n\n" + CHAT.replace(b"data: {", b"id\ndata: {")),
    "event names": Case(CHAT.replace(b"data: {", b"event: message\ndata: {")),
    "extra blank lines": Case(b"\n\n\n" + CHAT.replace(b"\n\n", b"\n\n\n\n\n")),
    "data in several lines": Case(CHAT.replace(b',"choices"', b',\ndata: "choices"')),
    "no blank lines between events": Case(CHAT.replace(b"\n\n", b"\n"), promised=DONE),
    "metadata first": Case(sse(METADATA) + CHAT, promised=DONE),
    "conversation frame last": Case(
        LOST + sse({"conversation": {"id": "c"}, "id": ""}, "[DONE]"), tokens=(3, "estimated")
    ),
    "reasoning": Case(sse(chat(reasoning_content="a"), chat(reasoning="b")) + CHAT, events=5),
    "tool calls": Case(
        sse(chat(tool_calls=[TOOL]), chat(finish="tool_calls")), events=1, tokens=(1, "estimated")
    ),
    "text completion": Case(
        sse({"choices": [{"text": "a"}]}, {"choices": [{"text": "", "finish_reason": "length"}]}),
        events=1,
        tokens=(1, "estimated"),
    ),
    "usage in each chunk": Case(
        sse(*({**word, "usage": {"completion_tokens": 7}} for word in WORDS), FINISH),
        tokens=(7, "usage"),
    ),
    "usage of zeros": Case(LOST + sse(usage(0, 0)), tokens=(3, "estimated")),
    "usage null": Case(sse({**WORDS[0], "usage": None}, FINISH), events=1, tokens=(1, "estimated")),
    "data after the end marker": Case(CHAT + sse(METADATA), promised=DONE),
    "Jan v1 responses": Case(
        JAN_RESPONSES, events=2, tokens=(2, "estimated"), promised=DONE | COMPLETED
    ),
    "Jan v2 responses": Case(
        JAN2_RESPONSES, events=3, tokens=(3, "estimated"), promised=COMPLETED
    ),
    "OpenAI responses": Case(
        OPENAI_RESPONSES, events=3, tokens=(12, "usage"), promised=COMPLETED
    ),
    "lost blank line before an event name": Case(
        JAN_RESPONSES.replace(b"[DONE]\n\n", b"[DONE]\n"),
        events=2,
        tokens=(2, "estimated"),
        promised=DONE | COMPLETED,
    ),
    "error frame": Case(
        sse(WORDS[0], {"error": {"message": "secret", "code": "server_error"}}),
        "in_band_error",
        1,
        tokens=(1, "estimated"),
        detail="an error frame after 1 content events: server_error",
    ),
    "vLLM's older error": Case(
        sse({"object": "error", "code": 400}), "in_band_error", 0, tokens=None, detail="400"
    ),
    "bare JSON": Case(
        BARE, "in_band_error", 0, tokens=None, detail="bc82d69c-685b-4556-9d1f-2a4a80ae8ca4"
    ),
    "bare JSON after the end": Case(CHAT + BARE, "in_band_error", promised=DONE),
    "bare JSON in several lines": Case(
        json.dumps({"error": {"message": "x"}}, indent=1).encode(), "in_band_error", 0, tokens=None
    ),
    "bare JSON glued to an event": Case(
        JAN_RESPONSES[:-1] + BARE + sse({"event": "response.error"}, event="response.error"),
        "in_band_error",
        2,
        tokens=(2, "estimated"),
    ),
    "Responses failure": Case(
        response("response.failed", response={"error": {"code": "rate_limit_exceeded"}}),
        "in_band_error",
        0,
        tokens=None,
        detail="rate_limit_exceeded",
    ),
    "error event": Case(
        sse({"message": "x"}, event="error"), "in_band_error", 0, tokens=None
    ),
    "error field": Case(b'error: {"code":500}\n\n', "in_band_error", 0, tokens=None),
    "not JSON": Case(
        sse(ROLE, *WORDS[:1], "{oops", *WORDS[1:], FINISH),
        "malformed_frame",
        tokens=(3, "estimated"),
        detail="frame 3 is not JSON",
    ),
    "a number": Case(LOST + sse("5"), "malformed_frame", tokens=(3, "estimated")),
    "HTML": Case(b"<html>\n<p>Bad gateway\n", "not_a_stream", 0, tokens=None),
    "invalid UTF-8": Case(
        LOST.replace(b"Hel", b"H\xff"), tokens=(3, "estimated")
    ),
    "empty": Case(b"", "no_content", 0, tokens=None, detail="no content in any frame"),
    "role only": Case(sse(ROLE, FINISH, "[DONE]"), "no_content", 0, tokens=None),
    "no finish reason": Case(sse(*WORDS, "[DONE]"), "no_finish_reason", tokens=(3, "estimated")),
    "no end marker": Case(
        LOST,
        "no_done",
        promised=DONE,
        tokens=(3, "estimated"),
        detail="end marker missing: done",
    ),
    "no response.completed": Case(
        CHAT, "no_done", promised=COMPLETED, detail="end marker missing: response.completed"
    ),
    "cut in a frame, orderly end": Case(
        LOST[:-40], "truncated", tokens=(3, "estimated"), detail="the last frame is cut short"
    ),
    "cut in a field name": Case(
        LOST + b"dat", "truncated", tokens=(3, "estimated"), detail="the last line is cut short"
    ),
    "cut in a frame, broken connection": Case(
        LOST[:-40], "no_finish_reason", clean=False, tokens=(3, "estimated")
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_stream_is_read_and_judged(case: Case) -> None:
    reader = read(case.body, clean=case.clean, promised=case.promised)
    verdict = reader.found.verdict()
    assert (verdict.kind, reader.watch.count) == (case.integrity, case.events)
    assert reader.output_tokens() == case.tokens
    assert case.detail in verdict.detail
    assert bool(verdict.detail) == (verdict.kind != "ok")


def test_times_are_those_of_arrival() -> None:
    reader = read(
        sse(METADATA), sse(ROLE), sse(chat(reasoning_content="r")), *(sse(w) for w in WORDS), LOST
    )
    watch = reader.watch
    assert watch.first_event_ns == 1_000_000
    assert watch.first_ns == 3_000_000
    assert watch.first_visible_ns == 4_000_000
    assert watch.last_ns == 7_000_000
    assert watch.gaps_ms() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert watch.itl_mean_ms() == pytest.approx(4 / 6)
    assert watch.tpot_ms(9) == pytest.approx(4 / 8)


def test_an_event_is_as_old_as_its_last_line_not_its_blank_line() -> None:
    reader = read(sse(WORDS[0], end="\n"), b"\n", sse(WORDS[1], end="\n"), b"\n" + sse(FINISH))
    assert (reader.watch.first_ns, reader.watch.last_ns) == (1_000_000, 3_000_000)


def test_an_event_in_two_pieces_is_as_old_as_the_second() -> None:
    event = sse(WORDS[0])
    assert read(event[:30], event[30:]).watch.first_ns == 2_000_000


def test_detail_never_quotes_the_server() -> None:
    for code in ("sk-Abc123", "x" * 50, "two words", {"a": 1}):
        frame = {"error": {"message": "sk-secret", "code": code, "type": code}}
        assert "after 0 content events" in read(sse(frame)).found.verdict().detail
        assert ":" not in read(sse(frame)).found.verdict().detail


def test_a_frame_without_end_is_given_up() -> None:
    reader = StreamReader()
    for _ in range(170):
        reader.feed(b"data: " + b"x" * 100_000, 1)
    reader.feed(CHAT, 2)
    reader.end(clean=True)
    assert reader.found.verdict().kind == "malformed_frame"
    assert reader.watch.count == 0


@pytest.mark.parametrize(
    "odd",
    [
        chat(content="a", finish="stop"),
        {**chat(content="a"), "error": {"code": "overloaded"}},
        {**chat(content="a"), "usage": {"completion_tokens": 5}},
        chat(content=""),
        chat(role="assistant", content=None),
    ],
)
def test_the_mould_never_hides_an_odd_frame(odd: dict[str, object]) -> None:
    """Frames that look like the ordinary ones before them are read like any other."""
    plain = [chat(content=word) for word in "abcdefghijkl"]
    alone = read(sse(odd))
    among = read(sse(*plain, odd, *plain))
    assert among.watch.count == 24 + alone.watch.count
    assert among.finish_reason == alone.finish_reason
    assert among.usage == alone.usage
    assert ("in_band_error" in among.found) == ("in_band_error" in alone.found)


def test_the_mould_refuses_what_json_refuses() -> None:
    plain = [sse(chat(content=word)) for word in "abcdefghijkl"]
    for bad in (b"\\x", b"tab\there", b'"', b"\\", b"\x00"):
        body = b"".join([*plain, plain[0].replace(b'"a"', b'"' + bad + b'"'), *plain])
        reader = read(body)
        assert reader.watch.count == 24, bad
        assert reader.found.verdict().kind == "malformed_frame", bad


def test_a_reader_frees_itself() -> None:
    """No reference cycles: with them, memory would wait for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        read(CHAT, promised=DONE)
        read(sse("{oops"))
        assert gc.collect() == 0
    finally:
        gc.enable()

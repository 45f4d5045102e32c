"""The stream of v1's Responses API, with its own order and numbering."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from janbench.server.dialects.base import Events
from janbench.server.dialects.sse import named_event
from janbench.server.generation.model import Generation, Kind
from janbench.server.ids import random_id

_WORDS = 6
_COMPLETED_NUMBER = 9999
_FIRST_DELTA_NUMBER = 4
_TIMED_OUT = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
_FAILED = "c3af973c-eada-4e8b-96d9-e92546588cd3"


@dataclass
class _Deltas:
    """Text collected until it has six words, and the numbers of its events."""

    event: str
    place: dict[str, Any]
    held: list[str] = field(default_factory=list)
    words: int = 0
    text: list[str] = field(default_factory=list)
    number: int = _FIRST_DELTA_NUMBER

    def add(self, text: str) -> list[bytes]:
        self.held.append(text)
        self.text.append(text)
        self.words += len(text.split())
        return self.flush() if self.words >= _WORDS else []

    def flush(self) -> list[bytes]:
        if not self.held:
            return []
        delta = "".join(self.held)
        self.held.clear()
        self.words = 0
        extra = {"delta": delta, "logprobs": [], "obfuscation": secrets.token_hex(5)}
        return [self.numbered(self.event, self.place | extra)]

    def numbered(self, name: str, value: dict[str, Any]) -> bytes:
        number = self.number
        self.number += 1
        return _event(name, number, value)


class ResponsesV1Dialect:
    """Four events at once; batches of six words; `[DONE]` before `response.completed`."""

    opens_at_once = True
    hangs = False
    refusal_hangs = False

    def __init__(self, body: dict[str, Any], generation: Generation, failure_line: bytes) -> None:
        self._failure_line = failure_line
        self._body = body
        self._item_id = random_id("msg_", 42)
        place = {"item_id": self._item_id, "output_index": 0, "content_index": 0}
        self._place = place
        self._answer = _Deltas("response.output_text.delta", place)
        reasoning = {"item_id": f"rs_{time.time_ns()}", "output_index": 0, "summary_index": 0}
        self._reasoning = _Deltas("response.reasoning_summary_text.delta", reasoning)
        self._thinks = Kind.REASONING in generation.kinds

    def opening(self) -> list[bytes]:
        """Created, in progress, item and part, before the model is called."""
        body = self._body
        progress = {"id": body["id"], "status": "in_progress"}
        item = self._item("in_progress", [])
        return [
            _event("response.created", 0, {"response": body | {"status": "running"}}),
            _event("response.in_progress", 1, {"response": progress}),
            _event("response.output_item.added", 2, {"output_index": 0, "item": item}),
            _event("response.content_part.added", 3, self._place | {"part": _part("")}),
        ]

    def leading(self) -> list[bytes]:
        """Nothing comes with the first token."""
        return []

    def token(self, kind: Kind, text: str) -> Events:
        """A delta of six words or more; a reasoning model's answer is held back to the end."""
        if kind is Kind.REASONING:
            opening = [] if self._reasoning.text else self._open_reasoning()
            deltas = self._reasoning.add(text)
            return [*opening, *deltas], len(deltas)
        if self._thinks:
            self._answer.held.append(text)
            self._answer.text.append(text)
            return [], 0
        deltas = self._answer.add(text)
        return deltas, len(deltas)

    def rest(self) -> Events:
        """The remainder; for a reasoning model, reasoning and answer in one delta."""
        if not self._thinks:
            deltas = self._answer.flush()
            return deltas, len(deltas)
        pieces = self._reasoning.flush()
        events = len(pieces) + 1
        place, text = self._reasoning.place, "".join(self._reasoning.text)
        done = self._reasoning.numbered
        pieces.append(done("response.reasoning_summary_text.done", place | {"text": text}))
        part = {"type": "summary_text", "text": text}
        pieces.append(done("response.reasoning_summary_part.done", place | {"part": part}))
        self._answer.held.insert(0, text)
        self._answer.text.insert(0, text)
        return pieces + self._answer.flush(), events

    def ending(self, generation: Generation, *, finish: bool, done: bool) -> list[bytes]:
        """The done events, `[DONE]`, and only then `response.completed`, without usage."""
        del generation, finish  # this stream tells neither
        pieces: list[bytes] = []
        text = "".join(self._answer.text)
        if text:
            number = self._answer.numbered
            value = self._place | {"text": text, "logprobs": []}
            pieces.append(number("response.output_text.done", value))
            value = self._place | {"part": _part(text)}
            pieces.append(number("response.content_part.done", value))
            item = self._item("completed", [_part(text)])
            pieces.append(number("response.output_item.done", {"output_index": 0, "item": item}))
        if done:
            pieces.append(b"data: [DONE]\n\n")
            response = self._body | {"status": "completed"}
            pieces.append(_event("response.completed", _COMPLETED_NUMBER, {"response": response}))
        return pieces

    def refused(self) -> list[bytes]:
        """A refusal looks like an empty answer: the gateway doesn't read the error."""
        response = self._body | {"status": "completed"}
        return [
            b"data: [DONE]\n\n",
            _event("response.completed", _COMPLETED_NUMBER, {"response": response}),
        ]

    def failure(self, *, timeout: bool) -> list[bytes]:
        """A bare error with an event glued to it."""
        event = {
            "event": "response.error",
            "created": int(time.time()),
            "response_id": self._body["id"],
            "data": {"code": _TIMED_OUT if timeout else _FAILED, "message": ""},
        }
        return [self._failure_line + named_event("response.error", event)]

    def malformed(self) -> list[bytes]:
        """A delta that is cut in the middle."""
        return [b'event: response.output_text.delta\ndata: {"type":"response.output_te\n\n']

    def _open_reasoning(self) -> list[bytes]:
        place = self._reasoning.place
        item = {"id": place["item_id"], "type": "reasoning", "status": "in_progress", "summary": []}
        part = {"type": "summary_text", "text": ""}
        number = self._reasoning.numbered
        return [
            number("response.output_item.added", {"output_index": 0, "item": item}),
            number("response.reasoning_summary_part.added", place | {"part": part}),
        ]

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._item_id,
            "type": "message",
            "status": status,
            "content": content,
            "role": "assistant",
        }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _event(name: str, number: int, value: dict[str, Any]) -> bytes:
    return named_event(name, {"type": name, "sequence_number": number} | value)

"""The stream of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from janbench.server.dialects.base import Events
from janbench.server.dialects.sse import named_event
from janbench.server.generation.model import Generation, Kind
from janbench.server.ids import random_id

Body = Callable[[str, list[dict[str, Any]]], dict[str, Any]]
"""The response object with a status and an output."""

_ADDED: dict[Kind, dict[str, Any]] = {
    Kind.CONTENT: {"type": "output_text", "text": "", "annotations": []},
    Kind.REASONING: {"type": "reasoning_text", "text": ""},
}
_DELTA = {
    Kind.CONTENT: "response.output_text",
    Kind.REASONING: "response.reasoning_text",
    Kind.TOOL: "response.function_call_arguments",
}


class ResponsesOpenAIDialect:
    """Items open with their first token and close when the next one opens; usage at the end."""

    opens_at_once = True
    hangs = False
    refusal_hangs = False

    def __init__(
        self, body: Body, items: dict[Kind, dict[str, Any]], generation: Generation
    ) -> None:
        self._body = body
        self._items = items
        self._generation = generation
        self._number = -1
        self._index = -1
        self._open: Kind | None = None
        self._output: list[dict[str, Any]] = []

    def opening(self) -> list[bytes]:
        """Created and in progress, before the model is called."""
        response = self._body("in_progress", [])
        return [
            self._event("response.created", response=response),
            self._event("response.in_progress", response=response),
        ]

    def leading(self) -> list[bytes]:
        """Nothing but what a token brings itself."""
        return []

    def token(self, kind: Kind, text: str) -> Events:
        """A delta, after the events that open its item."""
        pieces: list[bytes] = []
        if kind is not self._open:
            pieces += self._close_item()
            pieces += self._open_item(kind)
        if kind is Kind.TOOL and not text:
            return pieces, 0
        place: dict[str, Any] = {} if kind is Kind.TOOL else {"content_index": 0}
        if kind is Kind.CONTENT:
            place["logprobs"] = []
        pieces.append(self._on_item(kind, f"{_DELTA[kind]}.delta", **place, delta=text))
        return pieces, 1

    def rest(self) -> Events:
        """Nothing is ever held back."""
        return [], 0

    def ending(self, generation: Generation, *, finish: bool, done: bool) -> list[bytes]:
        """The open item's end, and the whole response with its usage."""
        del finish  # a chat's chunk
        pieces = self._close_item()
        if not done:
            return pieces
        cut = generation.finish_reason == "length"
        name = "incomplete" if cut else "completed"
        return [*pieces, self._event(f"response.{name}", response=self._body(name, self._output))]

    def refused(self) -> list[bytes]:
        """A refusal after the headers."""
        return self.failure(timeout=False)

    def failure(self, *, timeout: bool) -> list[bytes]:
        """An error event, then the failed response."""
        message = "The request timed out." if timeout else "The engine is not available."
        return [
            self._event("error", code="server_error", message=message, param=None),
            self._event("response.failed", response=self._body("failed", self._output)),
        ]

    def malformed(self) -> list[bytes]:
        """A delta that is cut in the middle."""
        return [b'event: response.output_text.delta\ndata: {"type":"response.output_te\n\n']

    def _open_item(self, kind: Kind) -> list[bytes]:
        self._open = kind
        self._index += 1
        item = self._items[kind] | {"status": "in_progress"}
        empty: dict[str, Any] = {"arguments": ""} if kind is Kind.TOOL else {"content": []}
        item |= empty
        pieces = [self._event("response.output_item.added", output_index=self._index, item=item)]
        if kind is not Kind.TOOL:
            pieces.append(
                self._on_item(
                    kind, "response.content_part.added", content_index=0, part=_ADDED[kind]
                )
            )
        return pieces

    def _close_item(self) -> list[bytes]:
        kind = self._open
        if kind is None:
            return []
        self._open = None
        text = self._generation.joined(kind)
        item = self._items[kind] | {"status": "completed"}
        self._output.append(item)
        if kind is Kind.TOOL:
            pieces = [self._on_item(kind, f"{_DELTA[kind]}.done", arguments=text)]
        else:
            part = _ADDED[kind] | {"text": text}
            pieces = [
                self._on_item(kind, f"{_DELTA[kind]}.done", content_index=0, text=text),
                self._on_item(kind, "response.content_part.done", content_index=0, part=part),
            ]
        done = self._event("response.output_item.done", output_index=self._index, item=item)
        return [*pieces, done]

    def _on_item(self, kind: Kind, name: str, **value: Any) -> bytes:
        item_id = self._items[kind]["id"]
        return self._event(name, item_id=item_id, output_index=self._index, **value)

    def _event(self, name: str, **value: Any) -> bytes:
        self._number += 1
        return named_event(name, {"type": name, "sequence_number": self._number} | value)


def output_items(generation: Generation) -> dict[Kind, dict[str, Any]]:
    """The items of a response's output, complete but for their status."""
    items: dict[Kind, dict[str, Any]] = {}
    reasoning, text = generation.joined(Kind.REASONING), generation.joined(Kind.CONTENT)
    if reasoning:
        thought = {"type": "reasoning_text", "text": reasoning}
        items[Kind.REASONING] = {
            "id": random_id("rs_", 42),
            "type": "reasoning",
            "summary": [],
            "content": [thought],
        }
    if generation.tool is not None:
        items[Kind.TOOL] = {
            "id": random_id("fc_", 42),
            "type": "function_call",
            "call_id": generation.tool.id,
            "name": generation.tool.name,
            "arguments": generation.joined(Kind.TOOL),
        }
    if text:
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
        items[Kind.CONTENT] = {
            "id": random_id("msg_", 42),
            "type": "message",
            "role": "assistant",
            "content": [part],
        }
    return items

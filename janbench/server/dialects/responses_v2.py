"""The stream of v2's response-api: events without type or number, and no `[DONE]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from janbench.server.dialects.base import Events
from janbench.server.dialects.sse import named_event
from janbench.server.generation.model import Generation, Kind


class ResponsesV2Dialect:
    """Created at once, tool events, deltas, completed."""

    opens_at_once = True
    hangs = True
    refusal_hangs = False

    def __init__(
        self, body: Callable[[str], dict[str, Any]], generation: Generation, failure: str
    ) -> None:
        self._body = body
        self._failure = failure
        self._generation = generation
        self._id = body("in_progress")["id"]

    def opening(self) -> list[bytes]:
        """The whole object, before any call of the model."""
        return [named_event("response.created", self._body("in_progress"))]

    def leading(self) -> list[bytes]:
        """Nothing comes with the first token."""
        return []

    def token(self, kind: Kind, text: str) -> Events:
        """A delta of the answer; the reasoning isn't forwarded."""
        if kind is Kind.REASONING:
            return [], 0
        if kind is Kind.TOOL:
            return (self._tool(), 1) if not text else ([], 0)
        return [named_event("response.output_text.delta", {"id": self._id, "delta": text})], 1

    def rest(self) -> Events:
        """Nothing is held back."""
        return [], 0

    def ending(self, generation: Generation, *, finish: bool, done: bool) -> list[bytes]:
        """The whole object again; its usage is null."""
        del generation, finish  # this stream tells neither
        if not done:
            return []
        return [named_event("response.completed", self._body("completed"))]

    def refused(self) -> list[bytes]:
        """A refusal is an error like any other."""
        return self.failure(timeout=False)

    def failure(self, *, timeout: bool) -> list[bytes]:
        """An error event, and the end."""
        message = "context deadline exceeded" if timeout else self._failure
        return [named_event("response.error", {"message": message})]

    def malformed(self) -> list[bytes]:
        """A delta that is cut in the middle."""
        return [b'event: response.output_text.delta\ndata: {"id":"resp_\n\n']

    def _tool(self) -> list[bytes]:
        """The call, and the result of executing it."""
        tool = self._generation.tool
        assert tool is not None
        call = {"id": tool.id, "name": tool.name, "arguments": self._generation.joined(Kind.TOOL)}
        result = {"tool_name": tool.name, "content": "no real tool was called", "is_error": False}
        value = {"id": self._id, "call_id": tool.id, "result": result}
        return [
            named_event("response.tool_call", {"id": self._id, "call": call}),
            named_event("response.tool_result", value),
        ]

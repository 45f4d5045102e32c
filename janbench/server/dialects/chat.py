"""Chat completion chunks, relayed by lines (Jan Server) or sent by events (OpenAI)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from janbench.server.dialects.base import Events
from janbench.server.dialects.chat_reply import ReplyHead
from janbench.server.generation.model import Generation, Kind

_OBJECT = "chat.completion.chunk"
_DONE = b"data: [DONE]"


@dataclass(frozen=True)
class ChatStyle:
    """What differs between the servers that stream chat chunks."""

    failure: Callable[[bool], bytes]  # the bare error line; its argument: was it the limit?
    refused: bytes  # the backend's 4xx body as it reaches the client
    relay: bool = True  # a gateway that flushes line by line and stops after the [DONE] line
    role_at_once: bool = False
    hangs: bool = False
    refusal_hangs: bool = False


class ChatDialect:
    """The stream of `/v1/chat/completions` and `/v1/conv/chat/completions`."""

    def __init__(
        self,
        style: ChatStyle,
        generation: Generation,
        head: ReplyHead,
        *,
        usage: bool,
        metadata: dict[str, Any] | None = None,
        before_done: dict[str, Any] | None = None,
    ) -> None:
        self.opens_at_once = metadata is not None or style.role_at_once
        self.hangs = style.hangs
        self.refusal_hangs = style.refusal_hangs
        self._style = style
        self._generation = generation
        self._usage = usage
        self._metadata = metadata
        self._before_done = before_done
        self._tool_started = False
        fields = {"id": head.id, "object": _OBJECT, "created": head.created, "model": head.model}
        opening = b"data: " + orjson.dumps(fields)[:-1]
        # Frames are built by joining, not by dumping a dictionary: this is the hot path.
        self._choice = opening + b',"choices":[{"index":0,"delta":{'
        self._bare = opening + b',"choices":['
        self._tail = b'},"logprobs":null,"finish_reason":null}]}'
        self._content = self._choice + b'"content":'
        self._reasoning = self._choice + b'"reasoning_content":'

    def opening(self) -> list[bytes]:
        """The conversation's metadata event, or the role chunk of an engine that sends it early."""
        if self._metadata is not None:
            return [b"data: " + orjson.dumps(self._metadata) + b"\n\n"]
        return self._role() if self._style.role_at_once else []

    def leading(self) -> list[bytes]:
        """The role chunk, where it comes with the first token."""
        return [] if self._style.role_at_once else self._role()

    def token(self, kind: Kind, text: str) -> Events:
        """One delta."""
        if kind is Kind.CONTENT:
            line = self._content + orjson.dumps(text) + self._tail
        elif kind is Kind.REASONING:
            line = self._reasoning + orjson.dumps(text) + self._tail
        else:
            fragment = orjson.dumps([self._fragment(text)])
            line = self._choice + b'"tool_calls":' + fragment + self._tail
        return self._line(line), 1

    def rest(self) -> Events:
        """Nothing is ever held back."""
        return [], 0

    def ending(self, generation: Generation, *, finish: bool, done: bool) -> list[bytes]:
        """Finish chunk, usage chunk, the frame before the end, `[DONE]`."""
        pieces: list[bytes] = []
        if finish:
            reason = orjson.dumps(generation.finish_reason)
            pieces += self._line(
                self._choice + b'"content":""},"logprobs":null,"finish_reason":' + reason + b"}]}"
            )
        if self._usage:
            usage = {
                "prompt_tokens": generation.prompt_tokens,
                "total_tokens": generation.prompt_tokens + generation.tokens,
                "completion_tokens": generation.tokens,
            }
            pieces += self._line(self._bare + b'],"usage":' + orjson.dumps(usage) + b"}")
        if not done:
            return pieces
        if self._before_done is not None:
            pieces += self._line(b"data: " + orjson.dumps(self._before_done))
        # The relay stops after the line: the blank one that would end the event never comes.
        pieces.append(_DONE + (b"\n" if self._style.relay else b"\n\n"))
        return pieces

    def refused(self) -> list[bytes]:
        """The backend's error, without `data:`."""
        return [self._style.refused + b"\n"]

    def failure(self, *, timeout: bool) -> list[bytes]:
        """The gateway's error, bare on a line of its own."""
        return [self._style.failure(timeout)]

    def malformed(self) -> list[bytes]:
        """A chunk that is cut in the middle."""
        return self._line(self._content + b'"cut in the mid')

    def _role(self) -> list[bytes]:
        return self._line(self._choice + b'"role":"assistant","content":""' + self._tail)

    def _fragment(self, text: str) -> dict[str, Any]:
        tool = self._generation.tool
        if self._tool_started or tool is None:
            return {"index": 0, "function": {"arguments": text}}
        self._tool_started = True
        return {
            "index": 0,
            "id": tool.id,
            "type": "function",
            "function": {"name": tool.name, "arguments": text},
        }

    def _line(self, line: bytes) -> list[bytes]:
        return [line + b"\n", b"\n"] if self._style.relay else [line + b"\n\n"]

"""Reads `cases.yaml`: what a server sends, when, and what it means.

A case: `report` is the public report that it stands for; `kind` the step kind (chat unless named);
`step` its options; `calls` the tool call that it must show; `expect` class, times in ms, tokens and
finish reason (what is left out isn't looked at). What is sent: the head, after `lead` seconds the
items of `send` with `gap` seconds after each (or a `wait`), and the last chunk unless `end` is
false. An item is the text of one chunk, or a list of them, `raw` bytes without a chunk's frame,
`b64`, `wait`, `close` or `reset`. `cut: 3` sends the body in pieces of 3 bytes, `gzip` compressed.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_ID = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m"'
_SHORT = {
    "id": _ID,
    "delta": '"choices":[{"index":0,"delta":',
    "open": '"finish_reason":null}]}',
    "role": 'data: {<id>,<delta>{"role":"assistant","content":""},<open>\n\n',
    "stop": 'data: {<id>,<delta>{},"finish_reason":"stop"}]}\n\n',
    "done": "data: [DONE]\n\n",
}
_WORD = 'data: {<id>,<delta>{"content":"%s"},<open>\n\n'
_USAGE = (
    'data: {<id>,"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":%d,'
    '"total_tokens":%d}}\n\n'
)
_MARK = re.compile(r"<(id|delta|open|role|stop|done|[a-d]|usage \d+|y\*\d+)>")

Action = tuple[str, Any]


@dataclass(frozen=True)
class Case:
    """One case; the times of `expect` count from the moment at which the request was written."""

    name: str
    expect: dict[str, Any]
    report: str = ""
    kind: str = "chat"
    step: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, Any] | None = None
    head: str = _HEAD
    head_after: float = 0.0
    lead: float = 0.1
    gap: float = 0.03
    cut: int = 0
    gzip: bool = False
    end: bool = True
    send: list[Any] = field(default_factory=list)

    @property
    def stream(self) -> bool:
        """Whether a stream is asked for."""
        return bool(self.step.get("stream", True))

    def script(self) -> Iterator[Action]:
        """Yield what the server does: `send` bytes, `wait` seconds, `close`, `reset`."""
        yield "wait", self.head_after
        yield "send", self.head.encode()
        yield "wait", self.lead
        items = list(self._items())
        for number, (action, value) in enumerate(items, start=1):
            following = items[number][0] if number < len(items) else ""
            if action == "chunk":
                yield "send", b"%x\r\n%b\r\n" % (len(value), value)
            else:
                yield action, value
            if "wait" not in (action, following):
                yield "wait", self.gap
        if self.end:
            yield "send", b"0\r\n\r\n"

    def body(self) -> list[bytes]:
        """Return the pieces of the body of a case without anything `raw`; for unit tests."""
        return [value for action, value in self._items() if action == "chunk"]

    def _items(self) -> Iterator[Action]:
        items = list(self._plain_items())
        if self.cut:
            body = b"".join(value for _, value in items)
            for at in range(0, len(body), self.cut):
                yield "chunk", body[at : at + self.cut]
        elif self.gzip:
            packer = zlib.compressobj(wbits=31)
            for number, (_, value) in enumerate(items, start=1):
                last = zlib.Z_FINISH if number == len(items) else zlib.Z_SYNC_FLUSH
                yield "chunk", packer.compress(value) + packer.flush(last)
        else:
            yield from items

    def _plain_items(self) -> Iterator[Action]:
        for item in self.send:
            for part in item if isinstance(item, list) else [item]:
                if isinstance(part, str):
                    yield "chunk", expand(part).encode()
                elif "raw" in part:
                    yield "send", expand(part["raw"]).encode()
                elif "b64" in part:
                    yield "chunk", base64.b64decode(part["b64"])
                elif "end" in part:
                    yield "send", b"0\r\n\r\n"
                else:
                    yield next(iter(part.items()))


def expand(text: str) -> str:
    """Write the short forms of a text out."""
    while _MARK.search(text):
        text = _MARK.sub(lambda match: _long(match[1]), text)
    return text


@lru_cache(maxsize=1)
def wire_cases() -> list[Case]:
    """Return all cases."""
    text = Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8")
    return [Case(**case) for case in yaml.safe_load(text)]


def _long(mark: str) -> str:
    if mark in _SHORT:
        return _SHORT[mark]
    if mark.startswith("usage "):
        tokens = int(mark[6:])
        return _USAGE % (tokens, tokens + 10)
    return mark[0] * int(mark[2:]) if "*" in mark else _WORD % mark

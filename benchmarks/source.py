"""A target that costs little: it writes prepared event streams, paced or at once.

`python source.py --events N --gap-ms G --batch B`: every request gets a chat stream of N events, B
each G ms (0: all in one piece). It is no Jan Server: where the info is the proxy's memory or
endurance, the embedded server would be what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from typing import cast

import httptools

from janbench.service.life import new_loop

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"X-Request-ID: source\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """Frame one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    """Write a chat chunk as vLLM does."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    frame = {
        "id": "chatcmpl-0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1757000000,
        "model": "source",
        "choices": [choice],
    }
    return b"data: %b\n\n" % json.dumps(frame, separators=(",", ":")).encode()


TOKEN = chunk(event({"content": " token"}))
END = chunk(event({}, "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Source(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, events: int, gap_s: float, batch: int) -> None:
        self._events = events
        self._gap_s = gap_s
        self._batch = batch
        self._parser = httptools.HttpRequestParser(self)
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._timer is not None:
            self._timer.cancel()

    def on_message_complete(self) -> None:
        if not self._gap_s:
            self._transport.write(HEAD + TOKEN * self._events + END)
            return
        self._transport.write(HEAD)
        self._left = self._events
        self._due = asyncio.get_running_loop().time()
        self._next()

    def _next(self) -> None:
        if not self._left:
            self._transport.write(END)
            return
        count = min(self._batch, self._left)
        self._left -= count
        self._transport.write(TOKEN * count)
        self._due += self._gap_s
        self._timer = asyncio.get_running_loop().call_at(self._due, self._next)


async def serve(events: int, gap_ms: float, batch: int) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Source(events, gap_ms / 1000, batch), "127.0.0.1", 0, backlog=4096
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=64)
    parser.add_argument("--gap-ms", type=float, default=0)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    loop, _ = new_loop()
    loop.run_until_complete(serve(options.events, options.gap_ms, options.batch))
    loop.close()


if __name__ == "__main__":
    main()

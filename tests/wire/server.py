"""A server that answers `/c/NAME/...` as the case of that name says."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter_ns

from tests.wire.cases import Case

_MODELS = b'Content-Length: 42\r\n\r\n{"object":"list","data":[{"id":"wire-1"}]}'
_RESET = struct.pack("ii", 1, 0)


class WireServer:
    """The running server; `sent`: for each case, when what was due at some ms was really sent."""

    def __init__(self, port: int, sent: dict[str, dict[int, int]]) -> None:
        self.port = port
        self._sent = sent

    def sent_ns(self, name: str, due_ms: float) -> int:
        """Return when a case's bytes that were due then were sent, in perf_counter_ns."""
        moments = self._sent[name]
        return moments[min(moments, key=lambda due: abs(due - due_ms))]


@contextmanager
def wire_server(cases: Iterable[Case]) -> Iterator[WireServer]:
    """Serve the cases on loopback."""
    named = {case.name: case for case in cases}
    sent: dict[str, dict[int, int]] = {}
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await _answer(named, sent, reader, writer):
                    pass
            writer.close()
        finally:  # also when it is cancelled: what is left open is found by the garbage collector
            if not writer.is_closing():
                writer.transport.abort()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield WireServer(server.sockets[0].getsockname()[1], sent)
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # for the transports to report their end


async def _answer(
    cases: dict[str, Case],
    sent: dict[str, dict[int, int]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> bool:
    """Answer one request; says whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"(?im)^content-length:\s*(\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    if head.startswith("GET"):  # what a run asks for before it begins
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + _MODELS)
        return True
    found = re.match(r"\S+ /c/([^/? ]+)", head)
    assert found is not None, head
    due = 0.0
    moments = sent[found[1]] = {}
    for action, value in cases[found[1]].script():
        if action == "send":
            moments[round(due * 1000)] = perf_counter_ns()
            writer.write(value)
            await writer.drain()
        elif action == "wait":
            due += value
            await asyncio.sleep(value)
        elif action == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
            return False
        else:
            return False
    return True

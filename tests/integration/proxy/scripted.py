"""A target whose every byte a test decides, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@dataclass
class Request:
    """A request as it arrived: its head byte for byte, its body decoded."""

    method: str
    target: str
    head: bytes
    body: bytes = b""
    connection: int = 0
    """Number of the connection, from 0."""
    number: int = 0
    """Number of the request on its connection, from 0."""
    trailers: bytes = b""

    def header(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        found = []
        for line in self.head.split(b"\r\n")[1:]:
            key, colon, value = line.partition(b":")
            if colon and key.decode("latin-1").lower() == name.lower():
                found.append(value.strip().decode("latin-1"))
        return found


Handler = Callable[[Request, Reader, Writer], Awaitable[None]]


@dataclass
class ScriptedServer:
    """Runs handlers by path in a thread; a handler writes what it likes and may close."""

    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    routes: dict[str, Handler] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def __enter__(self) -> ScriptedServer:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()

        async def start() -> None:
            self._server = await asyncio.start_server(
                self._serve, self.host, 0, ssl=self.tls, limit=1 << 24
            )
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            self._loop.run_until_complete(start())
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        async def stop() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0.02)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(stop(), self._loop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """Base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def route(self, path: str) -> Callable[[Handler], Handler]:
        """Register a handler."""

        def register(handler: Handler) -> Handler:
            self.routes[path] = handler
            return handler

        return register

    def seen(self, path: str) -> list[Request]:
        """Return the requests to a path."""
        return [r for r in self.requests if r.target.partition("?")[0] == path]

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection, self.connections = self.connections, self.connections + 1
        number = 0
        try:
            while not writer.is_closing():
                request = await self._read(reader, writer)
                if request is None:
                    break
                request.connection, request.number = connection, number
                number += 1
                self.requests.append(request)
                await self.routes[request.target.partition("?")[0]](request, reader, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _read(self, reader: Reader, writer: Writer) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        request = Request(method, target, head)
        if target.startswith("/raw"):
            return request
        if request.header("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n")
        if request.header("content-length"):
            request.body = await reader.readexactly(int(request.header("content-length")[0]))
        elif request.header("transfer-encoding"):
            while size := int(await reader.readline(), 16):
                request.body += await reader.readexactly(size)
                await reader.readexactly(2)
            while (line := await reader.readline()) != b"\r\n":
                request.trailers += line
        return request


def reset(writer: Writer) -> None:
    """Close a connection with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class Answer:
    """A response as a client saw it; `body` is decoded, `ended` says that it was complete."""

    status: int
    head: bytes
    body: bytes
    ended: bool
    trailers: bytes = b""

    def header(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return Request("", "", self.head).header(name)


class Client:
    """A connection that sends raw bytes and reads responses strictly."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.socket.sendall(data)

    def get(self, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer:
        """Send a request and read its answer."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return self.answer(head_only=method == "HEAD")

    def head(self) -> bytes:
        """Read a response's head; empty at the end of the connection."""
        lines = b""
        while not lines.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                return lines
            lines += line
        return lines

    def answer(self, *, head_only: bool = False) -> Answer:
        """Read a response."""
        head = self.head()
        status = int(head.split(b" ", 2)[1]) if head else 0
        answer = Answer(status, head, b"", ended=bool(head))
        if head_only or status in (0, 204, 304) or status < 200:
            return answer
        if answer.header("transfer-encoding"):
            self._chunks(answer)
        elif answer.header("content-length"):
            size = int(answer.header("content-length")[0])
            answer.body = self._file.read(size)
            answer.ended = len(answer.body) == size
        else:
            answer.body = self._file.read()
        return answer

    def _chunks(self, answer: Answer) -> None:
        answer.ended = False
        while line := self._file.readline():
            size = int(line.partition(b";")[0], 16)
            if not size:
                while (trailer := self._file.readline()) not in (b"\r\n", b""):
                    answer.trailers += trailer
                answer.ended = True
                return
            answer.body += self._file.read(size)
            self._file.read(2)

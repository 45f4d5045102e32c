"""A client that shows what was really on the wire: reads, chunks, bytes."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_S = 10


@dataclass
class Wire:
    """One connection."""

    sock: socket.socket
    data: bytes = b""
    closed: bool = False
    reads: list[bytes] = field(default_factory=list)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        """Write a request; underscores in header names become dashes."""
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: test", f"Content-Length: {len(payload)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)

    def read(self) -> bytes:
        """One read; empty when the server has closed."""
        data = self.sock.recv(1 << 20)
        self.closed = not data
        self.reads.append(data)
        self.data += data
        return data

    def read_until(self, marker: bytes) -> bytes:
        """Everything up to and including `marker`; what follows stays for later."""
        while marker not in self.data:
            assert self.read(), f"closed before {marker!r}: {self.data!r}"
        before, _, self.data = self.data.partition(marker)
        return before + marker

    def read_to_end(self) -> bytes:
        """Everything until the server closes; a reset counts as the end."""
        try:
            while self.read():
                pass
        except ConnectionResetError:
            self.closed = True
        return self.data

    def read_head(self) -> dict[str, str]:
        """The head of a response: `status` and the headers in lower case."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {"status": lines[0].split(" ", 2)[1]}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return headers

    def read_chunk(self) -> bytes:
        """One HTTP chunk; empty for the last."""
        size = int(self.read_until(b"\r\n"), 16)
        while len(self.data) < size + 2:
            assert self.read(), "closed inside a chunk"
        chunk, self.data = self.data[:size], self.data[size + 2 :]
        return chunk

    def read_chunks(self) -> list[bytes]:
        """All chunks of a body."""
        chunks = []
        while chunk := self.read_chunk():
            chunks.append(chunk)
        return chunks

    def read_body(self, headers: dict[str, str]) -> bytes:
        """A body with a length."""
        size = int(headers["content-length"])
        while len(self.data) < size:
            assert self.read(), "closed inside the body"
        body, self.data = self.data[:size], self.data[size:]
        return body


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    """A connection to 127.0.0.1."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as sock:
        yield Wire(sock)


def frames(text: str) -> list[Any]:
    """The JSON of each `data:` line; `[DONE]` as a string."""
    found: list[Any] = []
    for line in text.split("\n"):
        if line.startswith("data: "):
            value = line.removeprefix("data: ")
            found.append(value if value == "[DONE]" else json.loads(value))
    return found


def events(text: str) -> list[tuple[str, Any]]:
    """Name and JSON of each event; an event without a name has an empty one."""
    found = []
    for block in text.strip("\n").split("\n\n"):
        name, value = "", ""
        for line in block.split("\n"):
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                value = line.removeprefix("data: ")
        found.append((name, value if value == "[DONE]" else json.loads(value)))
    return found


def content(found: list[Any]) -> str:
    """The text of chat chunks."""
    return "".join(
        choice["delta"].get("content", "")
        for frame in found
        if isinstance(frame, dict)
        for choice in frame.get("choices", ())
    )

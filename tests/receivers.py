"""HTTP servers on loopback that remember what they got, for tests of what janbench sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Receiver:
    """A running server and its requests so far."""

    url: str
    requests: list[Received] = field(default_factory=list)


@contextmanager
def receiver(
    status: int = 200,
    body: bytes = b"",
    delay_s: float = 0.0,
    redirect_to: str = "",
    content_type: str = "text/plain",
) -> Iterator[Receiver]:
    """Answer every request with `status` and `body`, `delay_s` after it has come.

    With `redirect_to`, an answer names the same path there.
    """
    found: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.append(Received(self.command, self.path, headers, self.rfile.read(length)))
            time.sleep(delay_s)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", content_type)
                if redirect_to:
                    self.send_header("Location", redirect_to + self.path)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the client had enough of waiting

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_address[1]}", found)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

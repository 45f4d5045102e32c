"""A server that keeps the bodies that it is sent: the embedded one keeps only their hashes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.embedded import EmbeddedServer


class Receiver:
    """What was received, in the order of arrival."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.received: list[tuple[str, bytes]] = []

    @property
    def server(self) -> EmbeddedServer:
        """Stand in for the embedded server, as far as a run asks it."""
        return cast(EmbeddedServer, self)

    def clear_truth(self) -> None:
        self.received.clear()

    def truth(self) -> list[dict[str, Any]]:
        return []

    def paths(self) -> list[str]:
        return [path for path, _ in self.received]

    def raw(self, path: str) -> list[bytes]:
        return [body for sent, body in self.received if sent == path]

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.raw(path)]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve on a free loopback port until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                found.received.append((self.path, body))
                chats = len(found.raw("/v1/chat/completions"))
            if self.path == "/my/login":
                self._answer({"token": "t0k3n"})
            elif self.path == "/v1/completions":
                self._complete(json.loads(body)["stream"])
            elif json.loads(body).get("stream"):
                self._stream(f"answer {chats}")
            else:
                message = {"role": "assistant", "content": f"answer {chats}"}
                self._answer({"choices": [{"message": message, "finish_reason": "stop"}]})

        def do_GET(self) -> None:
            with lock:
                found.received.append((self.path, b""))
            good = self.headers.get("Authorization") == "Bearer t0k3n"
            self._answer({"items": []} if good else {"error": "who are you?"}, 200 if good else 401)

        def _answer(self, body: dict[str, Any], status: int = 200) -> None:
            self._write(json.dumps(body).encode(), "application/json", status)

        def _complete(self, stream: bool) -> None:
            choices = [{"text": " blue"}, {"text": "", "finish_reason": "stop"}]
            if not stream:
                self._answer({"choices": [{"text": " blue", "finish_reason": "stop"}]})
                return
            frames = [json.dumps({"choices": [choice]}) for choice in choices] + ["[DONE]"]
            self._write("".join(f"data: {f}\n\n" for f in frames).encode(), "text/event-stream")

        def _stream(self, text: str) -> None:
            deltas = [{"delta": {"content": text}}, {"delta": {}, "finish_reason": "stop"}]
            frames = [json.dumps({"choices": [delta]}) for delta in deltas] + ["[DONE]"]
            self._write("".join(f"data: {f}\n\n" for f in frames).encode(), "text/event-stream")

        def _write(self, body: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

"""The API server's HTTP: JSON answers, chunked streams, and connections that break off."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.cluster.api import Api
from tests.cluster.log import CutError
from tests.cluster.refusal import RefusalError, bad_request
from tests.cluster.request import Reply


class ApiServer(ThreadingHTTPServer):
    """A server on a free port of loopback; `requests` is what it was asked."""

    daemon_threads = False  # so that closing waits for them

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
        self.requests: list[tuple[str, str]] = []
        self.down = False  # takes connections, but answers nothing
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Cease to serve; connections that are open end."""
        self.shutdown()
        self._thread.join()
        self.cut()
        self.server_close()

    def cut(self) -> None:
        """Break off all connections."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a defect; a client that went away is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: ApiServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        if self.server.down:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        self.server.requests.append((self.command, parts.path))
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = _parsed(raw)
            query = dict(parse_qsl(parts.query))
            reply = self.server.api.answer(self.command, parts.path, query, body)
        except RefusalError as refusal:
            reply = Reply(refusal.code, refusal.body)
        if reply.stream is None:
            self._send(reply.code, json.dumps(reply.body).encode())
        else:
            self._stream(reply.content_type, reply.stream)

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        try:
            for chunk in chunks:
                if chunk:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    self.wfile.flush()
        except CutError:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError as error:
        raise bad_request(f"couldn't parse the body: {error}") from None

"""Planted secrets of every kind, through real k6 with all output on: none of them is anywhere."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.integration.core.runs import janbench

ENVIRONMENT = {
    "API_KEY": "PLANTED-key-1",
    "LOADTEST_TOKEN": "PLANTED-load-2",
    "AZURE_OPENAI_KEY": 'PLANTED-"q&<ü>/+3',
    "MY_TOKEN": "PLANTED-mine-4",
    "DB_PASSWORD": "PLANTED pass 5",
}
ON_THE_COMMAND_LINE = "PLANTED-flag-6"
OF_THE_TARGET = {"token": "PLANTED-login-7", "session_key": 'PLANTED-"s-8', "sid": "PLANTED-sid-9"}

SCENARIO = """
target: {flavour: openai, model: m}
scenarios:
  planted:
    steps:
      - kind: request
        method: POST
        path: /login
        extract: {ticket: token}
      - kind: request
        method: POST
        path: /echo?ticket=${ticket}
        headers:
          api-key: ${AZURE_OPENAI_KEY}
          X-Custom: ${MY_TOKEN}
          X-Ticket: ${ticket}
        body: {note: "it is ${DB_PASSWORD}", flag: "${FLAG_SECRET}", deep: {ticket: "${ticket}"}}
        expect: 201
"""


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    middle = {base64.b64encode(b"x" * n + raw).decode()[4:-6] for n in range(3)}
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), *middle}


@contextmanager
def _echo(seen: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, {"data": [{"id": "m"}]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path == "/login":
                self._answer(200, OF_THE_TARGET, cookie=OF_THE_TARGET["sid"])
                return
            ps = ["ps", "axww", "-o", "args"]
            seen.append(subprocess.run(ps, capture_output=True, text=True, check=True).stdout)
            key = json.loads(f'"{self.headers["api-key"].encode("latin-1").decode()}"'
                             if "\\" in self.headers["api-key"] else json.dumps(
                                 self.headers["api-key"].encode("latin-1").decode()))  # fmt: skip
            told = {
                "headers": dict(self.headers), "text": body, "nested": json.dumps({"a": body}),
                "url": quote(key, safe=""), "basic": base64.b64encode(f"u:{key}".encode()).decode(),
                "words": f"Incorrect API key: {ENVIRONMENT['API_KEY']} {ENVIRONMENT['MY_TOKEN']} "
                f"{OF_THE_TARGET['sid']} {OF_THE_TARGET['token']} {key}",
            }  # fmt: skip
            self._answer(500, told)

        def _answer(self, status: int, value: object, cookie: str = "") -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if cookie:
                self.send_header("Set-Cookie", f"sid={cookie}; Path=/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    (tmp_path / "scenarios.yaml").write_text(SCENARIO)
    processes: list[str] = []
    with _echo(processes) as base:
        ran = janbench(
            tmp_path, "run", "planted", "--single", "-v", "--timing", "proxy", "--base", base,
            f"--env=FLAG_SECRET={ON_THE_COMMAND_LINE}",
            extra={**ENVIRONMENT, "DEBUG": "true"},
        )  # fmt: skip
    assert ran.code == 1, ran.stdout + ran.stderr
    assert processes, "the second step was never sent"
    texts = {"stdout": ran.stdout, "stderr": ran.stderr}
    for path in ran.run_folder.rglob("*"):
        if path.is_file():
            texts[str(path.relative_to(ran.run_folder))] = path.read_bytes().decode("latin-1")
            texts[f"{path.name} (UTF-8)"] = path.read_bytes().decode("utf-8", "replace")
    # The command that the user typed holds the flag; what janbench starts must not.
    children = [line for line in processes[0].splitlines() if "run planted" not in line]
    texts["ps"] = "\n".join(children)
    assert "***" in texts["planted/k6.log"] and "Incorrect API key" in texts["planted/k6.log"]
    planted = {**ENVIRONMENT, **OF_THE_TARGET, "flag": ON_THE_COMMAND_LINE}
    leaks = [
        (name, where)
        for name, secret in planted.items()
        for form in _forms(secret)
        for where, text in texts.items()
        if form in text
    ]
    assert leaks == []

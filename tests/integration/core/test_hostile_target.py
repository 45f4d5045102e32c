"""A target that writes for the terminal, CI and the browser: in real k6, through every output."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.core.runs import Ran, janbench

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066"
EVIL = f"{ESCAPES}\n::add-mask::x\n::error::owned\r\n</script><script>alert(1)</script>|`*[a](b)"
# What may begin a line of ours for GitHub.
OWN_COMMAND = re.compile(r"::(error|warning|notice) (file|title)=")


def _stream(*deltas: dict[str, Any], finish: str = "stop") -> bytes:
    frames = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    frames.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: %s\n\n" % json.dumps(frame).encode() for frame in frames)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        models = {"data": [{"id": "m"}, {"id": EVIL}]}
        self._send(200, json.dumps(models).encode(), "application/json")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = body["messages"][0]["content"]
        tool = {"index": 0, "id": EVIL, "function": {"name": EVIL, "arguments": EVIL}}
        answers: dict[str, tuple[int, bytes, str]] = {
            "finish": (200, _stream({"content": EVIL}, finish=EVIL), "text/event-stream"),
            "tool": (200, _stream({"tool_calls": [tool]}), "text/event-stream"),
            "inside": (
                200,
                b"data: "
                + json.dumps({"error": {"message": EVIL, "code": EVIL}}).encode()
                + b"\n\n",
                "text/event-stream",
            ),
            "page": (200, EVIL.encode(), f"text/html; {ESCAPES[:4]!a}"),
            "refused": (500, json.dumps({"error": {"message": EVIL}}).encode(), "application/json"),
        }
        self._send(*answers[asked])

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status, "Not \x9b31mgood")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "\x9b31m</script>")
        self.send_header("X-\x9bname", "::error::owned")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _target() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _run(folder: Path, base: str, *flags: str) -> Ran:
    steps = [
        {"kind": "chat", "id": name, "stream": name != "refused",
         "messages": [{"role": "user", "content": name}]}
        for name in ("finish", "tool", "inside", "page", "refused")
    ]  # fmt: skip
    load = {"shape": "constant", "rate": 2, "duration": "1s"}
    scenarios = {"scenarios": {"t": {"steps": steps, "load": load}}}
    (folder / "scenarios.yaml").write_text(yaml.safe_dump(scenarios))
    extra = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "step.md")}
    command = ("run", "t", "--base", base, "--flavour", "openai", "--model", "m", "--debug")
    return janbench(folder, *command, *flags, extra=extra)


def _raw(text: str) -> list[str]:
    """Return what of a text would do more than be read."""
    found = [f"{char!r}" for char in ("\x1b", "\x07", "\x9b", "\u202e", "\u2066") if char in text]
    commands = [line for line in text.splitlines() if line.startswith("::")]
    return found + [line for line in commands if not OWN_COMMAND.match(line)]


@pytest.mark.parametrize("flags", [("--timing", "proxy"), ("--timing", "direct", "--single")])
def test_nothing_of_a_target_reaches_a_reader_raw(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with _target() as base:
        ran = _run(tmp_path, base, *flags)
    assert ran.code == 1, ran.stdout + ran.stderr
    folder = ran.run_folder
    shown = {
        "terminal": ran.stdout + ran.stderr,
        "step summary": (tmp_path / "step.md").read_text("utf-8"),
        **{name: (folder / name).read_text("utf-8") for name in
           ("summary.md", "report.html", "junit.xml", "t/k6.log")},
    }  # fmt: skip
    for verb in (("report", "--format", "terminal"), ("report", "--format", "markdown"), ("runs",)):
        again = janbench(tmp_path, *verb)
        shown[" ".join(verb)] = again.stdout + again.stderr
    assert {name: _raw(text) for name, text in shown.items() if _raw(text)} == {}
    assert "<script>alert" not in shown["report.html"]
    assert "<script>alert" not in shown["summary.md"]
    # What is data keeps it, escaped as JSON.
    assert "\x1b" not in (folder / "result.json").read_text("utf-8")

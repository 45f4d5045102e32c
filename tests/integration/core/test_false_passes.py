"""What used to pass, or to show a figure, wrongly: nothing measured, or k6 told otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.core.runs import Ran, janbench

CHAT = {
    "kind": "chat",
    "id": "chat",
    "max_tokens": 3,
    "messages": [{"role": "user", "content": "Hi"}],
}
STREAM = {**CHAT, "id": "told", "stream": True}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with embedded_server("--ttft-ms", "20", "--itl-ms", "2") as running:
        yield running


def run(
    folder: Path, server: EmbeddedServer, scenario: dict[str, Any], *flags: str, **extra: str
) -> Ran:
    load = {"shape": "constant", "rate": 10, "duration": "2s"}
    whole = {"scenarios": {"t": {"load": load, "refresh": "never", **scenario}}}
    (folder / "scenarios.yaml").write_text(yaml.safe_dump(whole))
    return janbench(
        folder, "run", "t", "--base", server.base, "--skip-preflight", *flags, extra=extra
    )


def test_k6_options_of_the_users_shell_change_nothing(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    """Neither the environment nor k6's own configuration file decides what is judged."""
    config = tmp_path / "config" / "k6"
    config.mkdir(parents=True)
    (config / "config.json").write_text(json.dumps({"rps": 1}))
    scenario = {"steps": [CHAT], "thresholds": {"http_req_duration": ["p(95)<1"]}}
    ran = run(
        tmp_path, server, scenario,
        K6_NO_THRESHOLDS="true", K6_RPS="1", K6_NO_SUMMARY="true", K6_NO_SETUP="true",
        XDG_CONFIG_HOME=str(tmp_path / "config"), K6_CONFIG=str(config / "config.json"),
    )  # fmt: skip
    assert ran.code == 1, ran.stderr
    assert ran.scenario["lanes"][0]["started_iterations"] == pytest.approx(20, abs=1)
    assert "Threshold crossed: http_req_duration p(95)<1" in ran.scenario["reasons"][0]["message"]
    told = ran.stdout + ran.stderr
    assert all(name in told for name in ("K6_NO_THRESHOLDS", "K6_RPS", "K6_NO_SUMMARY"))


def test_a_threshold_without_samples_is_not_met(tmp_path: Path, server: EmbeddedServer) -> None:
    """k6 alone can't time tokens, so that this metric stays empty; k6 itself would let it pass."""
    thresholds = {"llm_itl_ms": ["p(95)<800"], "llm_stream_errors": ["count<1"]}
    ran = run(tmp_path, server, {"steps": [STREAM], "thresholds": thresholds}, "--timing", "direct")
    assert ran.code == 1, ran.stdout
    found = {t["metric"]: (t["ok"], t["value"]) for t in ran.scenario["thresholds"]}
    assert found["llm_itl_ms"] == (False, None)
    assert found["llm_stream_errors"] == (True, 0)  # none failed: a count of 0, not an absence
    assert "Threshold not met: llm_itl_ms p(95)<800 (no samples)." in " ".join(ran.stdout.split())
    page = (ran.run_folder / "report.html").read_text()
    row = page[page.index('<th scope="row">llm_itl_ms') - 200 :][:400]
    assert "missed" in row
    assert "no samples" in row


def test_thresholds_on_what_the_user_turned_off_are_left_out_with_a_word(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    """With a key no guest logs in; a lane at rate 0 is off. Both are the user's own choice."""
    ran = janbench(
        tmp_path, "run", "test-completion-standard", "--base", server.base, "--duration", "3s",
        "--stream-rps", "0", "--nonstream-rps", "4", extra={"API_KEY": "sk-embedded"},
    )  # fmt: skip
    assert ran.code == 0, ran.stdout + ran.stderr
    judged = {t["metric"] for t in ran.scenario["thresholds"]}
    assert "completion_time_ms" in judged
    assert not judged & {"guest_login_time_ms", "refresh_token_time_ms", "streaming_time_ms"}
    told = " ".join(r["message"] for r in ran.scenario["reasons"])
    assert "Thresholds on guest_login_time_ms weren't judged: no guest logs in" in told
    assert "Thresholds on streaming_time_ms weren't judged: the lane stream is off" in told


def test_failures_are_no_throughput(tmp_path: Path) -> None:
    """Good requests over the time from the first one's start to the last one's end."""
    with embedded_server("--ttft-ms", "20", "--itl-ms", "2", "--fault", "http-500=0.5") as server:
        ran = run(tmp_path, server, {"steps": [CHAT]}, "--timing", "proxy")
        rows = [row for row in server.truth() if row["path"].endswith("/chat/completions")]
    good = sum(row["status"] == 200 for row in rows)
    assert 0 < good < len(rows)
    throughput = ran.scenario["throughput"]
    span = (max(r["received_ns"] for r in rows) - min(r["received_ns"] for r in rows)) / 1e9
    assert throughput["window"] == "requests"
    assert throughput["window_s"] == pytest.approx(span, abs=0.15)
    assert throughput["requests_per_s"] == pytest.approx(good / throughput["window_s"], abs=0.01)


def test_a_saturated_target_fails_and_the_generator_is_not_blamed(tmp_path: Path) -> None:
    """Two slots of about 0.2 s serve 10/s; 30/s are asked for, and the queue takes every user."""
    flags = ("--ttft-ms", "20", "--itl-ms", "10", "--tokens", "20", "--slots", "2")
    load = {"shape": "constant", "rate": 30, "duration": "4s", "iteration_s": 0.3, "max_vus": 40}
    with embedded_server(*flags) as server:
        ran = run(tmp_path, server, {"steps": [{**CHAT, "max_tokens": 20}], "load": load},
                  "--timing", "proxy")  # fmt: skip
    assert ran.code == 1, ran.stdout
    first = ran.scenario["reasons"][0]
    assert first["kind"] == "saturated", ran.stdout
    assert "Target saturated: it completed" in first["message"]
    assert first["value"] == pytest.approx(10, abs=2.5)
    assert first["limit"] == 30
    assert "max_vus" not in ran.stdout
    assert not any(reason["kind"] == "dropped" for reason in ran.scenario["reasons"])


def test_too_few_virtual_users_stay_the_generators_fault(tmp_path: Path) -> None:
    """A target as slow alone as under load isn't saturated; the pool was too small for it."""
    flags = ("--ttft-ms", "300", "--itl-ms", "10", "--tokens", "20")
    load = {"shape": "constant", "rate": 30, "duration": "4s", "iteration_s": 0.05, "max_vus": 5}
    with embedded_server(*flags) as server:
        ran = run(tmp_path, server, {"steps": [{**CHAT, "max_tokens": 20}], "load": load},
                  "--timing", "proxy")  # fmt: skip
    assert ran.code == 4, ran.stdout
    assert ran.scenario["reasons"][0]["kind"] == "dropped"
    lane = ran.scenario["lanes"][0]
    assert lane["dropped_iterations"] == ran.scenario["requests"]["dropped"] > 0
    assert ran.scenario["saturation"] is None


def test_the_limit_of_a_gateway_is_told_before_during_and_after(tmp_path: Path) -> None:
    """Kong's, with its headers: 5 requests a minute."""
    whole = {"t": {"load": {"shape": "constant", "rate": 10, "duration": "3s"},
                   "steps": [{"kind": "guest_login"}, CHAT]}}  # fmt: skip
    (tmp_path / "scenarios.yaml").write_text(yaml.safe_dump({"scenarios": whole}))
    with embedded_server("--flavour", "jan-v2", "--rate-limit", "5", "--ttft-ms", "5") as server:
        ran = janbench(tmp_path, "run", "t", "--base", server.base, "--flavour", "jan-v2",
                       "--timing", "proxy")  # fmt: skip
    assert ran.code == 1
    before, during = (
        ran.stdout.index("Note: The target allows"),
        ran.stdout.index("Note: The target answers"),
    )
    told = " ".join(ran.stdout.split())
    assert "allows 5 requests a minute, as its headers say, and this load asks for 600" in told, (
        told
    )
    assert "a rate limit holds (5 requests a minute; retry after" in told
    assert before < during < ran.stdout.index("FAIL")
    first = ran.scenario["reasons"][0]["message"]
    assert "A rate limit holds (5 requests a minute; retry after " in first
    assert ran.scenario["rate_limit"].startswith("5 requests a minute; retry after ")


def test_an_answer_in_a_dead_models_place_fails(tmp_path: Path) -> None:
    """Status 200, an apology, no tokens: what Jan Server says today when its model is down."""
    with embedded_server(
        "--flavour", "jan-v2", "--fault", "backend-down", "--ttft-ms", "5"
    ) as server:
        for timing in ("proxy", "direct"):
            ran = run(tmp_path, server, {"steps": [{"kind": "guest_login"}, CHAT]}, "--single",
                      "--flavour", "jan-v2", "--timing", timing)  # fmt: skip
            assert ran.code == 1
            assert "stand-in" in ran.stdout


def test_a_rate_limit_is_the_first_reason(tmp_path: Path) -> None:
    with embedded_server("--fault", "rate-limit=0.5") as server:
        ran = run(tmp_path, server, {"steps": [CHAT]}, "--timing", "proxy")
    assert ran.code == 1
    statuses = ran.scenario["statuses"]
    assert statuses["429"] > 2
    first = ran.scenario["reasons"][0]["message"]
    assert first.startswith(f"Status 429, too many requests: {statuses['429']} of ")

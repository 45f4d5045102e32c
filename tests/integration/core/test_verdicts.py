"""Targets and generators in trouble: the verdict is what an expert would say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedded import embedded_server
from tests.integration.core.runs import Ran, janbench

CHAT = """
scenarios:
  chat:
    load: {{nonstream_rps: 0, stream_rps: 10, duration_min: 0.03, iteration_s: 1{load}}}
    slo: {slo}
    steps:
      - kind: guest_login
      - kind: chat
        lane: stream
        timeout_s: 2
        messages: [{{role: user, content: hi}}]
"""


def _run(folder: Path, base: str, *flags: str, slo: str = "{}", load: str = "") -> Ran:
    (folder / "scenarios.yaml").write_text(CHAT.format(slo=slo, load=load))
    return janbench(folder, "run", "chat", "--base", base, *flags)


LAX = (
    "--limit", "proxy_lag_p99_ms=1000", "--limit", "proxy_cpu=10",
    "--limit", "timing_error_ms=10000",
)  # fmt: skip
CASES = {
    "slow": (("--ttft-ms", "400"), "{ttft_ms: {p50: 100}}", "objective", "ttft_ms"),
    "breaking off": (("--fault", "truncated=0.6"), "{}", "threshold", "checks"),
    "stalling": (("--fault", "stalled"), "{}", "stream", "timeout"),
}


@pytest.mark.parametrize("name", CASES)
def test_target_in_trouble(name: str, tmp_path: Path) -> None:
    flags, slo, kind, words = CASES[name]
    with embedded_server("--itl-ms", "1", "--tokens", "20", *flags) as server:
        ran = _run(tmp_path, server.base, *LAX, "--skip-preflight", slo=slo)
    assert ran.scenario["verdict"] == "fail", ran.stdout
    assert ran.code == 1
    kinds = [reason["kind"] for reason in ran.scenario["reasons"]]
    assert kind in kinds
    assert words in " ".join(reason["message"] for reason in ran.scenario["reasons"])


def test_overloaded_generator_is_invalid(tmp_path: Path) -> None:
    with embedded_server("--ttft-ms", "500", "--itl-ms", "1", "--tokens", "5") as server:
        ran = _run(
            tmp_path, server.base, "--stream-rps", "2000", slo="{ttft_ms: {p50: 100}}",
            load=", max_vus: 40",
        )  # fmt: skip
    assert ran.code == 4, ran.stdout
    assert ran.scenario["reasons"][0]["kind"] == "dropped"


def test_limits_of_validity_can_be_set(tmp_path: Path) -> None:
    with embedded_server("--ttft-ms", "20", "--itl-ms", "1", "--tokens", "20") as server:
        strict = _run(tmp_path, server.base, "--limit", "proxy_cpu=0")
        wrong = _run(tmp_path, server.base, "--limit", "proxy_lag=3")
    assert strict.code == 4
    assert strict.scenario["reasons"][0]["kind"] == "proxy_cpu"
    assert wrong.code == 2
    assert "proxy_lag_p99_ms" in wrong.stderr

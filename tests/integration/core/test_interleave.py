"""Two targets in alternating blocks of one run."""

from __future__ import annotations

import json
from pathlib import Path

from janbench.pipeline.interleaving.blocks import blocks
from tests.embedded import embedded_server
from tests.integration.core.runs import janbench

NAME = "test-completion-standard"


def test_blocks_are_balanced() -> None:
    order = [block.side for block in blocks("http://a", "http://b")]
    assert order == ["base", "head", "head", "base", "base", "head", "head", "base"]


def test_a_slower_target_is_found_in_one_run(tmp_path: Path) -> None:
    common = ("--itl-ms", "1", "--tokens", "5")
    with (
        embedded_server("--ttft-ms", "normal:40,8", *common) as base,
        embedded_server("--ttft-ms", "normal:90,18", *common) as head,
    ):
        # Not 30/s: of a block's 36 iterations the last would fall on its last instant.
        ran = janbench(
            tmp_path, "run", NAME, "--interleave", base.base, head.base, "--duration", "6s",
            "--nonstream-rps", "0", "--stream-rps", "31", "--allow-invalid",
        )  # fmt: skip
        served = [sum(r["stream"] for r in server.truth()) for server in (base, head)]
    assert ran.code == 5, ran.stdout + ran.stderr
    # Whether a block begins one more in its last instant is a matter of microseconds.
    assert abs(served[0] - served[1]) <= 1
    assert min(served) > 60
    comparison = json.loads((ran.run_folder / "comparison.json").read_text())
    assert comparison["verdict"] == "worse"
    assert "ttft_ms.p50" in ran.stdout
    assert (ran.run_folder / "comparison.html").stat().st_size > 10_000
    sides = [json.loads((ran.run_folder / s / "result.json").read_text()) for s in ("base", "head")]
    assert [side["target"]["base"] for side in sides] == [base.base, head.base]
    assert [side["scenarios"][0]["name"] for side in sides] == [NAME, NAME]


def test_what_interleave_needs(tmp_path: Path) -> None:
    ran = janbench(
        tmp_path, "run", NAME, "--interleave", "http://127.0.0.1:1", "http://127.0.0.1:2"
    )
    assert ran.code == 2
    assert "--duration" in ran.stderr

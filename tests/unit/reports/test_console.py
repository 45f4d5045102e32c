"""The terminal's page at the widths that people have."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from janbench.reports.terminal.console import scenario_block
from tests.factories import scenario_result, stage_result

STAGED = scenario_result(
    stages=[
        stage_result("stream", (0, 60), (4, 4)),
        stage_result("stream", (60, 120), (4, 12)),
        stage_result("stream", (120, 180), (12, 12), share=0.75),
    ]
)


def page(width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(scenario_block(STAGED))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_medians_and_tails_are_whole_at_every_width(width: int) -> None:
    lines = page(width)
    assert all(len(line.rstrip()) <= width for line in lines)
    steps, first_token = (
        next(line for line in lines if line.startswith(start))
        for start in ("  Step", "  Time to first tok")
    )
    assert ("p50" in steps, "p95" in steps) == (True, True)
    ttft = STAGED.metrics["ttft_ms"]
    assert f"{ttft.p50:.0f}" in first_token
    assert f"{ttft.p95:.0f}" in first_token


def test_a_wide_terminal_shows_everything() -> None:
    assert "p99" in next(line for line in page(80) if line.startswith("  Step"))
    assert "records" in next(line for line in page(80) if line.startswith("  Time to first token"))


def test_says_what_each_lane_held_at_its_highest_level() -> None:
    text = " ".join(" ".join(page(80)).split())
    assert "held, of what was asked for: stream 9.00 of 12.0 requests/s" in text


def test_a_load_of_several_levels_gets_a_row_for_each() -> None:
    lines = page(100)
    rows = [line for line in lines if line.startswith("  stream, ")]
    assert [row.split("  ")[1].strip() for row in rows] == [
        "stream, 4/s", "stream, 4 to 12/s", "stream, 12/s",
    ]  # fmt: skip
    assert "9.00 of 12.0" in rows[2]
    assert "180" in rows[2]  # a quarter of 720 failed


def test_one_level_needs_no_table() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(scenario_block(scenario_result()))
    assert "Stage" not in out.getvalue()
    assert "held, of what was asked for: stream 1.00 of 1.00 requests/s" in out.getvalue()

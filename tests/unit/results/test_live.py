"""What is shown while a run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from janbench import resources
from janbench.config.scenario_file import load_scenarios
from janbench.config.settings import Flags, plan
from janbench.model.job import Progress
from janbench.model.load.plan import Plan
from janbench.reports.terminal.course import offered_rate, phase_of
from janbench.reports.terminal.live import course_text
from janbench.results.records.live_records import LiveRecords


@pytest.fixture(scope="module")
def decided() -> Plan:
    scenarios = load_scenarios(resources.builtin_scenarios()).scenarios
    variables = {"DURATION_MIN": "1", "NONSTREAM_RPS": "4", "STREAM_RPS": "2"}
    return plan(scenarios["test-completion-standard"], variables, Flags())


@pytest.mark.parametrize(
    ("at_s", "phase", "rate"),
    [(0, "ramp up", 0), (6, "ramp up", 3), (30, "hold", 6), (54, "ramp down", 3)],
)
def test_course_of_a_ramp(decided: Plan, at_s: float, phase: str, rate: float) -> None:
    assert phase_of(decided, at_s) == phase
    assert offered_rate(decided, at_s) == pytest.approx(rate, abs=0.01)


def test_after_its_end_a_load_says_what_it_waits_for(decided: Plan) -> None:
    progress = Progress(107.0, vus=12)
    text = course_text(progress, decided)
    assert text == "load over, waiting for 12 iterations to end: 0:47 of at most 2:10"
    assert offered_rate(decided, 61) == 0


def test_last_seconds_come_from_the_records(tmp_path: Path) -> None:
    notices: list[str] = []
    recent = LiveRecords([tmp_path], notices.append)
    assert recent.enrich(Progress(1.0)) == Progress(1.0)
    file = tmp_path / "records-0.jsonl"
    old = [{"time": 0.0, "integrity": "ok", "ttft_ms": 9999.0, "output_tokens": 500}]
    new = [
        {"time": 100.0 + i, "integrity": "ok", "ttft_ms": 100.0 + i, "output_tokens": 10}
        for i in range(10)
    ]
    bad = [{"time": 105.0, "integrity": "truncated"}, {"time": 105.0, "integrity": "truncated"}]
    lines = [json.dumps(row) for row in [*old, *new, *bad]]
    text = "\n".join(lines) + "\n"
    file.write_text(text[:-20])  # the last line isn't whole yet
    seen = recent.enrich(Progress(110.0))
    assert (seen.ttft_p50_ms, seen.ttft_p95_ms) == (105.0, 109.0)
    assert seen.tokens_per_s == pytest.approx(10.0)
    assert seen.errors == {"truncated": 1}
    file.write_text(text)
    assert recent.enrich(Progress(111.0)).errors == {"truncated": 2}
    recent.close()

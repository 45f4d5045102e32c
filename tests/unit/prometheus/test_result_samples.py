"""A result as metrics, and as marks on Grafana's graphs."""

from __future__ import annotations

import json
import socket
from typing import Any

from janbench.model.results.result import (
    CheckResult,
    EngineInfo,
    Reason,
    Requests,
    RunResult,
    ScenarioResult,
    SloResult,
    TargetInfo,
    Throughput,
    Validity,
)
from janbench.model.telemetry import Grafana, RemoteWrite, RunTags
from janbench.reports.annotations import Annotator
from janbench.reports.prometheus import push_result, result_samples
from tests.receivers import receiver

TAGS = RunTags("run-1", "chat", "local", "m")


def _result(**changes: Any) -> RunResult:
    scenario = ScenarioResult(**{"name": "test-chat", "verdict": "pass", **changes})
    return RunResult(
        run_id="run-1",
        started_at="2026-01-01T00:00:00Z",
        duration_s=1,
        verdict=scenario.verdict,
        exit_code=0,
        janbench_version="0",
        engine=EngineInfo(name="local"),
        target=TargetInfo(base="http://127.0.0.1:1", flavour="jan-v1", model="m"),
        scenarios=[scenario],
    )


def _values(result: RunResult) -> dict[str, float]:
    samples = result_samples(result, {"test-chat": TAGS}, 5)
    assert all(sample.time_ms == 5 for sample in samples)
    return {"/".join((s.name, s.labels.get("source", ""))).rstrip("/"): s.value for s in samples}


def test_a_whole_result() -> None:
    result = _result(
        verdict="invalid",
        requests=Requests(attempted=90, completed=81, failed=9, dropped=10),
        slo=SloResult(goodput=0.7),
        throughput=Throughput(requests_per_s=9.0, output_tokens_per_s=120.0),
        checks=[CheckResult(name="a", passes=3, fails=1), CheckResult(name="b", passes=4, fails=0)],
        validity=Validity(proxy_lag_p99_ms=3.0, schedule_lag_p99_ms=1.5),
    )
    assert _values(result) == {
        "janbench_verdict": 4.0,
        "janbench_dropped_iterations": 10.0,
        "janbench_goodput_ratio": 0.7,
        "janbench_error_ratio": 0.1,
        "janbench_requests_per_second": 9.0,
        "janbench_output_tokens_per_second": 120.0,
        "janbench_checks_ratio": 7 / 8,
        "janbench_generator_lag_seconds/schedule": 0.0015,
        "janbench_generator_lag_seconds/proxy": 0.003,
    }


def test_goodput_without_objectives_counts_what_succeeded_and_what_was_dropped() -> None:
    result = _result(requests=Requests(attempted=90, completed=81, failed=9, dropped=10))
    assert _values(result)["janbench_goodput_ratio"] == 0.81


def test_what_was_not_measured_is_not_pushed() -> None:
    assert _values(_result(verdict="error")) == {
        "janbench_verdict": 3.0,
        "janbench_dropped_iterations": 0.0,
    }


def test_samples_carry_the_runs_tags() -> None:
    for sample in result_samples(_result(), {"test-chat": TAGS}, 1):
        assert dict(sample.labels) == TAGS.as_tags()
    assert result_samples(_result(), {}, 1) == []


def test_pushing_tells_what_went_wrong() -> None:
    with receiver(401) as server:
        problem = push_result(RemoteWrite(server.url), _result(), {"test-chat": TAGS})
    assert "401" in problem
    assert len(server.requests) == 1


def test_annotations() -> None:
    ended = _result(verdict="fail", reasons=[Reason(kind="check", message="Check failed: x.")])
    with receiver(200, b"{}") as server:
        annotator = Annotator(Grafana(server.url, "glsa_1"))
        assert annotator.started(TAGS) == ""
        assert annotator.ended(TAGS, ended.scenarios[0]) == ""
    start, end = server.requests
    assert start.path == "/api/annotations"
    assert start.headers["authorization"] == "Bearer glsa_1"
    first, last = json.loads(start.body), json.loads(end.body)
    assert {"janbench", "start", "testid:run-1", "test_case:chat"} == set(first["tags"])
    assert "verdict:fail" in last["tags"]
    assert last["text"] == "chat: fail\nCheck failed: x."
    assert last["time"] >= first["time"] > 1_600_000_000_000


def test_a_grafana_that_refuses_or_is_away_is_told_without_the_token() -> None:
    with receiver(403) as server:
        problem = Annotator(Grafana(server.url, "glsa_1")).started(TAGS)
    assert "Editor" in problem
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    away = Annotator(Grafana(f"http://127.0.0.1:{port}", "glsa_1")).started(TAGS)
    assert "can't be reached" in away
    assert "glsa_1" not in problem + away

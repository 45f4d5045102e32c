"""Verdicts: for each way a run can go, what an expert would say first."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from janbench.model.job import Outcome
from janbench.model.k6_exit import error_message
from janbench.model.limits import ValidityLimits
from janbench.model.load.plan import Lane
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.distribution import Distribution
from janbench.model.results.load import LaneResult
from janbench.model.results.result import (
    CheckResult,
    Objective,
    Requests,
    ScenarioResult,
    SloResult,
    StepResult,
    ThresholdResult,
    Validity,
    worst,
)
from janbench.results.verdict import judge

CROSSED = ThresholdResult(metric="http_req_failed", expression="rate<0.05", value=0.2, ok=False)


def _result(**changes: Any) -> ScenarioResult:
    base: dict[str, Any] = {
        "name": "s",
        "verdict": "error",
        "iterations": 20,
        "requests": Requests(attempted=100, completed=100),
        "lanes": [
            LaneResult(name="stream", asked_rate=2, planned_iterations=20, started_iterations=20)
        ],
        "stream_errors": {"ok": 20},
    }
    return ScenarioResult(**{**base, **changes})


def _judge(
    result: ScenarioResult,
    outcome: Outcome,
    kept: bool = True,
    mode: Literal["single", "load"] = "load",
    **limits: Any,
) -> tuple[str, list[str]]:
    info = CaseInfo(
        "s",
        mode,
        "proxy",
        lanes=(Lane("stream", 2, 20),),
        limits=ValidityLimits(**limits),
    )
    verdict, reasons = judge(result, info, outcome, kept)
    return verdict, [reason.kind for reason in reasons]


OK = Outcome(0, 10.0)


def _between(low: float, high: float) -> Distribution:
    return Distribution(count=500, p50=high, p95=high, p99=high, bounds={"p95": (low, high)})


def _objective(limit: float) -> Objective:
    return Objective(
        name=f"ttft_ms p95 <= {limit}", metric="ttft_ms", statistic="p95", comparison="<=",
        limit=limit, value=300, ok=limit >= 300, bounds=(297, 300),
    )  # fmt: skip


CASES: dict[str, tuple[ScenarioResult, Outcome, str, list[str]]] = {
    "pass": (_result(), OK, "pass", []),
    "threshold": (_result(thresholds=[CROSSED]), Outcome(99, 10), "fail", ["threshold"]),
    "99 without a threshold": (_result(), Outcome(99, 10), "fail", ["threshold"]),
    "script error": (_result(), Outcome(107, 1, errors=("boom",)), "error", ["k6"]),
    "killed": (_result(), Outcome(-9, 1), "error", ["k6"]),
    "interrupted": (_result(), Outcome(105, 1, interrupted=True), "interrupted", ["interrupted"]),
    "no request": (_result(requests=Requests()), OK, "error", ["no_requests"]),
    "every iteration threw": (_result(), Outcome(0, 10, exceptions=20), "error", ["exception"]),
    "threw before any request": (
        _result(requests=Requests()), Outcome(0, 10, exceptions=20), "error", ["exception"],
    ),
    "dropped": (
        _result(validity=Validity(dropped_iterations=5)), OK, "invalid", ["dropped"],
    ),
    "dropped and slow": (
        _result(validity=Validity(dropped_iterations=5), thresholds=[CROSSED]),
        Outcome(99, 10), "invalid", ["dropped", "threshold"],
    ),
    "proxy late": (_result(validity=Validity(proxy_lag_p99_ms=9)), OK, "invalid", ["proxy_lag"]),
    "proxy late, timed by the kernel": (
        _result(validity=Validity(proxy_lag_p99_ms=40, clock="kernel")), OK, "pass", [],
    ),
    "bounds that are narrow": (
        _result(validity=Validity(clock="kernel"), metrics={"ttft_ms": _between(299, 300)}),
        OK, "pass", [],
    ),
    "bounds that are wide": (
        _result(validity=Validity(clock="kernel"), metrics={"ttft_ms": _between(200, 300)}),
        OK, "invalid", ["timing_bounds"],
    ),
    "an objective within the bounds": (
        _result(validity=Validity(clock="kernel"), slo=SloResult(objectives=[_objective(298)])),
        OK, "invalid", ["timing_bounds", "objective"],
    ),
    "an objective beyond the bounds": (
        _result(validity=Validity(clock="kernel"), slo=SloResult(objectives=[_objective(200)])),
        OK, "fail", ["objective"],
    ),
    "proxy busy": (_result(validity=Validity(proxy_cpu=0.97)), OK, "invalid", ["proxy_cpu"]),
    "instances far apart": (
        _result(validity=Validity(start_skew_s=2.5)), OK, "invalid", ["start_skew"],
    ),
    "prompts as long as asked for, with a chat template": (
        _result(steps={"chat": StepResult(asked_tokens=512, input_tokens=530)}), OK, "pass", [],
    ),
    "prompts of another length": (
        _result(steps={"chat": StepResult(asked_tokens=512, input_tokens=640)}),
        OK, "pass", ["warning"],
    ),
    "instances together": (_result(validity=Validity(start_skew_s=1.5)), OK, "pass", []),
    "starved": (
        _result(lanes=[LaneResult(name="stream", asked_rate=2, planned_iterations=20,
                                  started_iterations=12)]),
        OK, "invalid", ["starved"],
    ),
    "no more connections here": (
        _result(requests=Requests(attempted=100, failed=30), validity=Validity(client_errors=28)),
        OK, "invalid", ["client_errors"],
    ),
    "a few of many errors are the client's": (
        _result(requests=Requests(attempted=100, failed=3), validity=Validity(client_errors=1)),
        OK, "pass", [],
    ),
    "too few samples for an objective": (
        _result(
            slo=SloResult(objectives=[Objective(name="ttft_ms p99", metric="ttft_ms",
                                          statistic="p99",
                                          comparison="<=", limit=800, value=300, ok=True)]),
            metrics={"ttft_ms": Distribution(count=20, p99=300)},
        ),
        OK, "invalid", ["samples"],
    ),
    "broken streams": (_result(stream_errors={"ok": 18, "truncated": 2}), OK, "fail", ["stream"]),
    "all failed": (
        _result(requests=Requests(attempted=100, failed=100)), OK, "fail", ["all_failed"],
    ),
    "a few failed checks": (
        _result(checks=[CheckResult(name="c", passes=99, fails=1)]), OK, "pass", ["warning"],
    ),
    "new logins": (_result(validity=Validity(relogins=3)), OK, "pass", ["warning"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_verdict_and_reasons(name: str) -> None:
    result, outcome, verdict, kinds = CASES[name]
    assert _judge(result, outcome) == (verdict, kinds)


def test_a_lost_summary_is_never_a_pass() -> None:
    assert _judge(_result(), OK, kept=False) == ("error", ["summary_lost"])


def test_a_failed_check_fails_a_single_run() -> None:
    failed = _result(checks=[CheckResult(name="models status 200", passes=0, fails=1)])
    assert _judge(failed, Outcome(99, 1), mode="single")[0] == "fail"
    assert _judge(failed, Outcome(0, 1), mode="single")[0] == "fail"


def test_limits_can_be_lifted() -> None:
    dropped = _result(validity=Validity(dropped_iterations=5))
    assert _judge(dropped, OK, allow_drops=True) == ("pass", [])
    assert _judge(dropped, OK, allow_invalid=True) == ("pass", ["dropped"])


def test_worst_verdict_speaks_for_the_run() -> None:
    assert worst(["pass", "invalid", "fail"]) == "fail"
    assert worst(["pass", "pass"]) == "pass"
    assert worst([]) == "error"


@pytest.mark.parametrize("code", [97, 98, *range(100, 111), -9, 1, 77])
def test_other_exit_codes_are_errors(code: int) -> None:
    assert error_message(code)


def test_results_are_no_errors() -> None:
    assert error_message(0) is None
    assert error_message(99) is None

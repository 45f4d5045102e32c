"""The verdict on a scenario: what happened, in the order in which it matters.

Interrupted and error come first, since then there is nothing to judge; a measurement that the
generator itself shaped is invalid whatever its figures say; then come checks, thresholds and the
integrity of streams.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from janbench.model.job import Outcome
from janbench.model.k6_exit import THRESHOLDS_CROSSED, error_message
from janbench.model.results.case_info import Subject
from janbench.model.results.result import Reason, ScenarioResult, Verdict
from janbench.model.thresholds import TOKENS_SPENT
from janbench.results.answer_notes import note_warnings


def judge(
    result: ScenarioResult, subject: Subject, outcome: Outcome, summary_kept: bool
) -> tuple[Verdict, list[Reason]]:
    """Return the verdict and its reasons, the weightiest first; a pass may carry warnings."""
    if outcome.interrupted:
        message = "The run was interrupted before its end; what was measured until then is kept."
        return "interrupted", [Reason(kind="interrupted", message=message)]
    errors = list(_errors(result, outcome, summary_kept))
    if errors:
        return "error", errors
    doubts, failures = list(_doubts(result, subject)), list(_failures(result, subject, outcome))
    warnings = list(_warnings(result, subject, outcome))
    if failures and (_hopeless(result, failures) or _beyond_doubt(result, failures, doubts)):
        return "fail", failures + doubts + warnings
    if doubts and not subject.limits.allow_invalid:
        return "invalid", doubts + failures + warnings
    if failures:
        return "fail", failures + doubts + warnings
    return "pass", doubts + warnings


# Doubts about how well events were timed: they leave open what failed for other reasons.
_TIMING = ("proxy_lag", "proxy_cpu")


def _hopeless(result: ScenarioResult, failures: list[Reason]) -> bool:
    """Whether nothing at all succeeded: then the target fails, however well the load was offered.

    A target that never answers is also why no virtual user is free, and iterations are dropped.
    """
    streams = sum(result.stream_errors.values())
    return any(reason.kind == "all_failed" for reason in failures) or (
        streams > 0 and not result.stream_errors.get("ok")
    )


def _beyond_doubt(result: ScenarioResult, failures: list[Reason], doubts: list[Reason]) -> bool:
    """Whether something failed that a late timestamp can't explain: an error, not a slow answer."""
    if any(doubt.kind not in _TIMING for doubt in doubts):
        return False
    if any(reason.kind in ("check", "all_failed", "stream", "exception") for reason in failures):
        return True
    return any(not t.ok and t.expression.startswith(("rate", "count")) for t in result.thresholds)


def _errors(result: ScenarioResult, outcome: Outcome, summary_kept: bool) -> Iterator[Reason]:
    told = error_message(outcome.exit_code)
    if told:
        detail = f": {outcome.errors[-1]}" if outcome.errors else ""
        yield Reason(kind="k6", message=f"{told}{detail}", value=outcome.exit_code)
        return
    if not summary_kept:
        yield Reason(
            kind="summary_lost",
            message="k6 left no summary (is the disk full, or the folder not writable?), "
            "so nothing can be said about the run.",
        )
        return
    if result.requests.attempted == 0:
        if outcome.exceptions:
            yield _threw(outcome)
        else:
            yield Reason(kind="no_requests", message="No request was made, so nothing was tested.")
    elif outcome.exceptions and outcome.exceptions >= max(1, result.iterations):
        yield _threw(outcome)


def _threw(outcome: Outcome) -> Reason:
    last = f" ({outcome.errors[-1].splitlines()[0]})" if outcome.errors else ""
    return Reason(
        kind="exception",
        message=f"{outcome.exceptions} iterations threw an exception{last}.",
        value=outcome.exceptions,
    )


def _doubts(result: ScenarioResult, subject: Subject) -> Iterator[Reason]:
    """Find what the generator, not the target, did to the figures; a single run has none."""
    if subject.mode == "single":
        return
    limits, validity = subject.limits, result.validity
    if validity.dropped_iterations and not limits.allow_drops:
        yield Reason(
            kind="dropped",
            message=f"{validity.dropped_iterations} iterations were dropped: no virtual user was "
            "free, so less load was offered than asked for. Lower the rate, or raise load.max_vus.",
            value=validity.dropped_iterations,
            limit=0,
        )
    if (validity.proxy_lag_p99_ms or 0) > limits.proxy_lag_p99_ms:
        yield Reason(
            kind="proxy_lag",
            message=f"The timing proxy came {validity.proxy_lag_p99_ms:.1f} ms late to its work "
            f"(p99; limit {limits.proxy_lag_p99_ms:g} ms): the machine is too busy to time events.",
            value=validity.proxy_lag_p99_ms,
            limit=limits.proxy_lag_p99_ms,
        )
    if (validity.proxy_cpu or 0) > limits.proxy_cpu:
        yield Reason(
            kind="proxy_cpu",
            message=f"The timing proxy used {100 * (validity.proxy_cpu or 0):.0f}% of a core "
            f"(limit {100 * limits.proxy_cpu:.0f}%). Use --proxy-workers or a lower rate.",
            value=validity.proxy_cpu,
            limit=limits.proxy_cpu,
        )
    if (validity.schedule_lag_p99_ms or 0) > limits.schedule_lag_p99_ms:
        yield Reason(
            kind="schedule_lag",
            message=f"Iterations started {validity.schedule_lag_p99_ms:.0f} ms late (p99; limit "
            f"{limits.schedule_lag_p99_ms:g} ms): no virtual user was free in time, so the load "
            "was not the one asked for. Raise load.iteration_s or load.max_vus.",
            value=validity.schedule_lag_p99_ms,
            limit=limits.schedule_lag_p99_ms,
        )
    if (validity.start_skew_s or 0) > limits.start_skew_s:
        yield Reason(
            kind="start_skew",
            message=f"The instances began {validity.start_skew_s:.1f} s apart (limit "
            f"{limits.start_skew_s:g} s): at first, and at the end, only a part of the load was "
            "offered.",
            value=validity.start_skew_s,
            limit=limits.start_skew_s,
        )
    yield from _shortfall(result, subject)
    yield from _client_errors(result)
    yield from _too_few(result)


def _client_errors(result: ScenarioResult) -> Iterator[Reason]:
    count, failed = result.validity.client_errors, result.requests.failed
    if count and count > failed / 2:
        yield Reason(
            kind="client_errors",
            message=f"{count} of {failed} failed requests failed on this machine, which could open "
            "no more connections (see ulimit -n): the target never saw them.",
            value=count,
        )


def _too_few(result: ScenarioResult) -> Iterator[Reason]:
    """Find objectives on percentiles that so few samples can't show: p95 needs 20, p99 100."""
    for objective in result.slo.objectives:
        percentile = re.fullmatch(r"p(\d{2})", objective.statistic)
        if percentile is None or objective.value is None:
            continue
        step = result.steps.get(objective.step or "")
        figures = step.metrics if step else result.metrics
        found = figures.get(objective.metric)
        needed = math.ceil(100 / (100 - int(percentile[1])))
        if found is not None and found.count < needed:
            yield Reason(
                kind="samples",
                message=f"{objective.name} rests on {found.count} samples; a {objective.statistic} "
                f"needs at least {needed}. Run longer or at a higher rate.",
                value=found.count,
                limit=needed,
            )


def _shortfall(result: ScenarioResult, subject: Subject) -> Iterator[Reason]:
    if subject.may_end_early and result.k6_exit_code == THRESHOLDS_CROSSED:
        return
    for lane in result.lanes:
        started = (lane.started_iterations or 0) + _dropped_of(result, lane.planned_iterations)
        missing = lane.planned_iterations - started
        # One iteration more or less is a matter of where the ramp ends.
        if missing > max(1.5, subject.limits.rate_shortfall * lane.planned_iterations):
            yield Reason(
                kind="starved",
                message=f"Lane {lane.name} started {lane.started_iterations} of "
                f"{lane.planned_iterations:.0f} planned iterations: k6 could not keep up.",
                value=float(lane.started_iterations or 0),
                limit=lane.planned_iterations,
            )


def _dropped_of(result: ScenarioResult, planned: float) -> float:
    total = sum(lane.planned_iterations for lane in result.lanes)
    return result.validity.dropped_iterations * planned / total if total else 0.0


def _failures(result: ScenarioResult, subject: Subject, outcome: Outcome) -> Iterator[Reason]:
    if subject.mode == "single":
        for check in result.checks:
            if check.fails:
                yield Reason(kind="check", message=f"Check failed: {check.name}.")
    requests = result.requests
    if requests.attempted and requests.failed >= requests.attempted:
        yield Reason(
            kind="all_failed",
            message=f"Every request failed ({requests.failed} of {requests.attempted}).",
            value=requests.failed,
        )
    for threshold in result.thresholds:
        if threshold.metric == TOKENS_SPENT:
            continue
        if not threshold.ok and not (subject.mode == "single" and threshold.metric == "checks"):
            what = f"{threshold.metric} {threshold.expression}"
            yield Reason(
                kind="threshold",
                message=f"Threshold not met: {what} (no samples)."
                if threshold.value is None
                else f"Threshold crossed: {what} (measured {threshold.value:.4g}).",
                value=threshold.value,
            )
    for objective in result.slo.objectives:
        if not objective.ok:
            told = (
                f"no value: {objective.reason}"
                if objective.value is None
                else f"measured {objective.value:.4g}"
            )
            of = f" of step {objective.step}" if objective.step else ""
            yield Reason(
                kind="objective",
                message=f"Objective{of} missed: {objective.name} ({told}).",
                value=objective.value,
                limit=objective.limit,
            )
    yield from _stream_failures(result, subject)
    if outcome.exit_code == THRESHOLDS_CROSSED and all(t.ok for t in result.thresholds):
        yield Reason(kind="threshold", message="k6 says that a threshold was crossed.")
    if outcome.exceptions and subject.mode == "script":
        yield _threw(outcome)


def _stream_failures(result: ScenarioResult, subject: Subject) -> Iterator[Reason]:
    total = sum(result.stream_errors.values())
    bad = {kind: n for kind, n in result.stream_errors.items() if kind != "ok" and n}
    if total and sum(bad.values()) > subject.stream_error_limit * total:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(bad.items(), key=lambda e: -e[1]))
        yield Reason(
            kind="stream",
            message=f"{sum(bad.values())} of {total} streams ended badly: {kinds}.",
            value=sum(bad.values()) / total,
            limit=subject.stream_error_limit,
        )


def _warnings(result: ScenarioResult, subject: Subject, outcome: Outcome) -> Iterator[Reason]:
    for threshold in result.thresholds:
        if threshold.metric == TOKENS_SPENT and not threshold.ok:
            yield Reason(
                kind="budget",
                message=f"The budget of tokens is used up ({threshold.value:.0f} spent), which "
                "ended the run; what was measured until then is judged.",
                value=threshold.value,
            )
    for metric, why in subject.not_judged.items():
        yield Reason(kind="warning", message=f"Thresholds on {metric} weren't judged: {why}.")
    if subject.mode != "single":
        for check in result.checks:
            if check.fails:
                share = check.fails / (check.fails + check.passes)
                yield Reason(
                    kind="warning",
                    message=f"Check failed in {share:.1%} of cases: {check.name}.",
                    value=share,
                )
    yield from note_warnings(result.answer_notes)
    if result.validity.relogins:
        yield Reason(
            kind="warning",
            message=f"{result.validity.relogins} new logins after a 401 in mid-run.",
            value=result.validity.relogins,
        )
    if outcome.exceptions and subject.mode != "script":
        yield _threw(outcome)

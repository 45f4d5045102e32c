"""The verdict on a scenario: what happened, in the order in which it matters.

Interrupted and error come first, since then there is nothing to judge; a measurement that the
generator itself shaped is invalid whatever its figures say; then come checks, thresholds and the
integrity of streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from janbench.model.job import Outcome
from janbench.model.k6_exit import THRESHOLDS_CROSSED, error_message
from janbench.model.metric import with_unit
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.result import Reason, ScenarioResult, ThresholdResult, Verdict
from janbench.model.thresholds import TOKENS_SPENT
from janbench.results.answer_notes import note_warnings, other_lengths
from janbench.results.causes import bad_statuses, failed_checks, saturated
from janbench.results.doubts import doubts_of


def judge(
    result: ScenarioResult, info: CaseInfo, outcome: Outcome, summary_kept: bool
) -> tuple[Verdict, list[Reason]]:
    """Return the verdict and its reasons, the weightiest first; a pass may carry warnings."""
    if outcome.interrupted:
        message = "The run was interrupted before its end; what was measured until then is kept."
        return "interrupted", [Reason(kind="interrupted", message=message)]
    errors = list(_errors(result, outcome, summary_kept))
    if errors:
        return "error", errors
    doubts, failures = list(doubts_of(result, info)), list(_failures(result, info, outcome))
    warnings = list(_warnings(result, info, outcome))
    causes = list(bad_statuses(result)) if result.requests.failed else []
    if failures:
        failures = sorted([*causes, *failures], key=_rank)
    else:
        warnings = [*causes, *warnings]
    if failures and (_hopeless(result, failures) or _beyond_doubt(result, failures, doubts)):
        return "fail", failures + doubts + warnings
    if doubts and not info.limits.allow_invalid:
        return "invalid", doubts + failures + warnings
    if failures:
        return "fail", failures + doubts + warnings
    return "pass", doubts + warnings


def _rank(reason: Reason) -> int:
    """Return a failure's place: causes stand before what follows from them."""
    return {"saturated": 0, "status": 1}.get(reason.kind, 2)


# Doubts about how well events were timed: they leave open what failed for other reasons.
_TIMING = ("proxy_lag", "proxy_cpu", "timing_bounds")


def _hopeless(result: ScenarioResult, failures: list[Reason]) -> bool:
    """Whether nothing at all succeeded: then the target fails, however well the load was offered.

    A target that never answers is also why no virtual user is free, and iterations are dropped.
    """
    streams = sum(result.stream_errors.values())
    return any(reason.kind in ("all_failed", "saturated") for reason in failures) or (
        streams > 0 and not result.stream_errors.get("ok")
    )


def _beyond_doubt(result: ScenarioResult, failures: list[Reason], doubts: list[Reason]) -> bool:
    """Whether something failed that a late timestamp can't explain: an error, not a slow answer."""
    if any(doubt.kind not in _TIMING for doubt in doubts):
        return False
    if all(doubt.kind == "timing_bounds" for doubt in doubts):  # what they leave open is known
        for objective in result.slo.objectives:
            if not objective.ok and not any(map(objective.met_by, objective.bounds or ())):
                return True
    if any(reason.kind in ("check", "all_failed", "stream", "exception") for reason in failures):
        return True
    return any(not t.ok and t.expression.startswith(("rate", "count")) for t in result.thresholds)


def _errors(result: ScenarioResult, outcome: Outcome, summary_kept: bool) -> Iterator[Reason]:
    if outcome.broken:
        message = f"The load generator broke while the load ran: {outcome.broken}"
        yield Reason(kind="generator", message=message)
        return
    meaning = error_message(outcome.exit_code)
    if meaning:
        detail = f": {outcome.errors[-1]}" if outcome.errors else ""
        yield Reason(kind="k6", message=f"{meaning}{detail}", value=outcome.exit_code)
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


def _failures(result: ScenarioResult, info: CaseInfo, outcome: Outcome) -> Iterator[Reason]:
    if not info.limits.allow_drops:
        yield from saturated(result)
    if info.mode == "single":
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
        if not threshold.ok and not (info.mode == "single" and threshold.metric == "checks"):
            yield _threshold_failure(threshold)
    for objective in result.slo.objectives:
        if not objective.ok:
            detail = (
                f"no value: {objective.reason}"
                if objective.value is None
                else f"measured {with_unit(objective.value, objective.metric)}"
            )
            of = f" of step {objective.step}" if objective.step else ""
            yield Reason(
                kind="objective",
                message=f"Objective{of} missed: {objective.name} ({detail}).",
                value=objective.value,
                limit=objective.limit,
            )
    yield from _stream_failures(result, info)
    if outcome.exit_code == THRESHOLDS_CROSSED and all(t.ok for t in result.thresholds):
        yield Reason(kind="threshold", message="k6 says that a threshold was crossed.")
    if outcome.exceptions and info.mode == "script":
        yield _threw(outcome)


def _threshold_failure(threshold: ThresholdResult) -> Reason:
    what, value = f"{threshold.metric} {threshold.expression}", threshold.value
    if value is None:
        return Reason(kind="threshold", message=f"Threshold not met: {what} (no samples).")
    measured = with_unit(value, threshold.metric)
    message = f"Threshold crossed: {what} (measured {measured})."
    return Reason(kind="threshold", message=message, value=value)


def _stream_failures(result: ScenarioResult, info: CaseInfo) -> Iterator[Reason]:
    total = sum(result.stream_errors.values())
    bad = {kind: n for kind, n in result.stream_errors.items() if kind != "ok" and n}
    if total and sum(bad.values()) > info.stream_error_limit * total:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(bad.items(), key=lambda e: -e[1]))
        yield Reason(
            kind="stream",
            message=f"{sum(bad.values())} of {total} streams ended badly: {kinds}.",
            value=sum(bad.values()) / total,
            limit=info.stream_error_limit,
        )


def _warnings(result: ScenarioResult, info: CaseInfo, outcome: Outcome) -> Iterator[Reason]:
    for threshold in result.thresholds:
        if threshold.metric == TOKENS_SPENT and not threshold.ok:
            yield Reason(
                kind="budget",
                message=f"The budget of tokens is used up ({threshold.value:.0f} spent), which "
                "ended the run; what was measured until then is judged.",
                value=threshold.value,
            )
    for metric, why in info.not_judged.items():
        yield Reason(kind="warning", message=f"Thresholds on {metric} weren't judged: {why}.")
    if info.mode != "single":
        yield from failed_checks(result.checks)
    if info.limits.allow_drops:
        yield from saturated(result)
    yield from note_warnings(result.answer_notes)
    yield from other_lengths(result)
    if result.validity.relogins:
        yield Reason(
            kind="warning",
            message=f"{result.validity.relogins} new logins after a 401 in mid-run.",
            value=result.validity.relogins,
        )
    if outcome.exceptions and info.mode != "script":
        yield _threw(outcome)


def with_losses(result: ScenarioResult, lost: Sequence[str]) -> ScenarioResult:
    """Return a result with what was lost of it: figures over the rest can't make a pass."""
    if not lost:
        return result
    reasons = [Reason(kind="records_lost", message=message) for message in lost]
    others = [reason for reason in result.reasons if reason.kind != "starved"]  # for all we know
    if result.verdict in ("error", "interrupted"):
        return result.model_copy(update={"reasons": [*others, *reasons]})
    verdict = "error" if result.verdict in ("pass", "invalid") else result.verdict
    return result.model_copy(update={"verdict": verdict, "reasons": [*reasons, *others]})

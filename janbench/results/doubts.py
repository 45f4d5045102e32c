"""Doubts about a measurement: what the generator, not the target, may have done to the figures."""

from __future__ import annotations

from collections.abc import Iterator

from janbench.model.k6_exit import THRESHOLDS_CROSSED
from janbench.model.limits import ValidityLimits
from janbench.model.metric import with_unit
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.result import Reason, ScenarioResult
from janbench.model.slo import needed_samples

# Doubts about the figures themselves; too few samples for an objective are none about these.
OF_FIGURES = frozenset(
    ("dropped", "timing_bounds", "proxy_lag", "proxy_cpu", "schedule_lag", "start_skew", "starved",
     "client_errors")
)  # fmt: skip


def doubts_of(result: ScenarioResult, info: CaseInfo) -> Iterator[Reason]:
    """Find what the generator, not the target, did to the figures; a single run has none."""
    if info.mode == "single":
        return
    limits, validity = info.limits, result.validity
    # A target that doesn't keep up is why no virtual user is free: that is its result, no doubt.
    behind = result.saturation is not None
    if validity.dropped_iterations and not limits.allow_drops and not behind:
        yield Reason(
            kind="dropped",
            message=f"{validity.dropped_iterations} iterations were dropped: no virtual user was "
            "free, so less load was offered than asked for. Lower the rate, or raise load.max_vus.",
            value=validity.dropped_iterations,
            limit=0,
        )
    if validity.clock == "kernel":
        yield from _wide_bounds(result, limits)
    elif (validity.proxy_lag_p99_ms or 0) > limits.proxy_lag_p99_ms:
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
    if (validity.schedule_lag_p99_ms or 0) > limits.schedule_lag_p99_ms and not behind:
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
    if not behind:
        yield from _shortfall(result, info)
    yield from _client_errors(result)
    yield from _too_few(result)


def _wide_bounds(result: ScenarioResult, limits: ValidityLimits) -> Iterator[Reason]:
    """Find percentiles that may be off by more than the limits, and verdicts that may be."""
    for metric, found in result.metrics.items():
        for name in ("p50", "p95", "p99"):
            value = getattr(found, name)
            if value is None or name not in found.bounds or found.count < needed_samples(name):
                continue
            low, high = found.bounds[name]
            off = max(high - value, value - low)
            if off > limits.timing_error_ms and off > limits.timing_error * value:
                yield Reason(
                    kind="timing_bounds",
                    message=f"{metric} {name} lies between {low:.4g} and {high:.4g} ms (limits "
                    f"{limits.timing_error_ms:g} ms and {100 * limits.timing_error:g}%): events "
                    "were read together with later ones, as the machine was too busy.",
                    value=round(off, 4),
                    limit=limits.timing_error_ms,
                )
    for objective in result.slo.objectives:
        if objective.bounds is None:
            continue
        low, high = objective.bounds
        if objective.met_by(low) != objective.met_by(high):
            yield Reason(
                kind="timing_bounds",
                message=f"{objective.name} can't be judged: the figure lies between "
                f"{with_unit(low, objective.metric)} and {with_unit(high, objective.metric)}, "
                "since events were read together with later ones.",
                value=objective.value,
                limit=objective.limit,
            )


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
        if objective.value is None:
            continue
        step = result.steps.get(objective.step or "")
        figures = step.metrics if step else result.metrics
        found = figures.get(objective.metric)
        needed = needed_samples(objective.statistic)
        if found is not None and found.count < needed:
            yield Reason(
                kind="samples",
                message=f"{objective.name} rests on {found.count} samples; a {objective.statistic} "
                f"needs at least {needed}. Run longer or at a higher rate.",
                value=found.count,
                limit=needed,
            )


def _shortfall(result: ScenarioResult, info: CaseInfo) -> Iterator[Reason]:
    if info.may_end_early and result.k6_exit_code == THRESHOLDS_CROSSED:
        return
    for lane in result.lanes:
        started = (lane.started_iterations or 0) + _dropped_of(result, lane.planned_iterations)
        missing = lane.planned_iterations - started
        # One iteration more or less is a matter of where the ramp ends.
        if missing > max(1.5, info.limits.rate_shortfall * lane.planned_iterations):
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

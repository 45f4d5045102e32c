"""Service-level objectives, judged: from the records where there are any, else from k6's figures.

A figure that could not be measured misses its objective: nobody should pass by not measuring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from janbench.model.results.case_info import Subject
from janbench.model.results.result import (
    Distribution,
    Objective,
    Requests,
    Slo,
    StepResult,
    Throughput,
)
from janbench.model.slo import Wanted
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records

_SHARES = ("error_rate", "goodput", "output_tokens_per_s", "requests_per_s")


@dataclass(frozen=True)
class Measured:
    """What objectives are judged by; `duration_s` is the throughput's window."""

    summary: K6Summary
    records: Records | None
    requests: Requests
    throughput: Throughput
    steps: Mapping[str, StepResult]
    iterations: int
    duration_s: float


def judge_objectives(subject: Subject, measured: Measured) -> Slo:
    """Judge every objective of a scenario, and give its goodput where objectives are given."""
    goodput = None
    if subject.request_limits is not None and subject.mode == "load":
        goodput, _ = _goodput(subject, measured, subject.request_limits, None)
    objectives = [_judge(wanted, subject, measured) for wanted in subject.objectives]
    return Slo(goodput=goodput, objectives=objectives)


def _judge(wanted: Wanted, subject: Subject, measured: Measured) -> Objective:
    if wanted.metric == "goodput":
        value, reason = _goodput(subject, measured, wanted.limits, wanted.step)
    elif wanted.metric in _SHARES:
        value, reason = _share(wanted, measured), "nothing was measured"
    else:
        value, reason = _statistic(wanted, subject, measured)
    ok = value is not None and (
        value <= wanted.limit if wanted.comparison == "<=" else value >= wanted.limit
    )
    from_k6 = measured.records is None or wanted.metric in ("error_rate", "requests_per_s")
    return Objective(
        name=wanted.name,
        metric=wanted.metric,
        statistic=wanted.statistic,
        comparison=wanted.comparison,
        limit=wanted.limit,
        value=value,
        ok=ok,
        step=wanted.step,
        judged_by="k6" if from_k6 else "records",
        reason="" if value is not None else reason,
    )


def _statistic(wanted: Wanted, subject: Subject, measured: Measured) -> tuple[float | None, str]:
    steps = [wanted.step] if wanted.step else (subject.model_steps or [s.id for s in subject.steps])
    distribution: Distribution | None
    if measured.records is not None:
        distribution = measured.records.distribution(wanted.metric, steps)
    else:
        if wanted.threshold is None:
            return None, "only the timing proxy measures it: use --timing proxy"
        distribution = measured.summary.distribution(wanted.threshold[0])
    if distribution is None:
        return None, "no request gave a value"
    value: float | None = getattr(distribution, wanted.statistic)
    return value, "the statistic is not known"


def _share(wanted: Wanted, measured: Measured) -> float | None:
    step = measured.steps.get(wanted.step) if wanted.step else None
    if wanted.metric == "error_rate":
        failed, all_ = (
            (step.failed, step.count)
            if step
            else (measured.requests.failed, measured.requests.attempted)
        )
        return failed / all_ if all_ else None
    if step is None:
        value: float | None = getattr(measured.throughput, wanted.metric)
        return value
    if measured.duration_s <= 0:
        return None
    if wanted.metric == "requests_per_s":
        return (step.count - step.failed) / measured.duration_s
    if measured.records is None:
        return None
    return measured.records.tokens_of(wanted.step or "") / measured.duration_s


def _goodput(
    subject: Subject,
    measured: Measured,
    limits: Sequence[tuple[str, float]],
    step: str | None,
) -> tuple[float | None, str]:
    """Return the share of attempted requests that were good: dropped iterations were attempts, too.

    A dropped iteration counts for as many requests as those that were started made on average.
    """
    steps = [step] if step else (subject.model_steps or [s.id for s in subject.steps])
    if measured.records is None:
        return None, "only the timing proxy keeps a record of each request: use --timing proxy"
    good, made = measured.records.within(steps, limits)
    each = max(1.0, made / measured.iterations) if measured.iterations else 1.0
    attempted = made + measured.requests.dropped * each
    return (good / attempted, "") if attempted else (None, "no request was made")


def crossed_by_objectives(summary: K6Summary, objectives: Sequence[Wanted]) -> bool:
    """Whether k6 saw thresholds crossed, and all of them are those of objectives."""
    crossed = {key for key, over in summary.crossed.items() if over}
    return bool(crossed) and crossed <= thresholds_of(objectives)


def thresholds_of(objectives: Sequence[Wanted]) -> set[tuple[str, str]]:
    """Return the k6 thresholds that stand for objectives: reports show the objectives instead."""
    return {wanted.threshold for wanted in objectives if wanted.threshold is not None}

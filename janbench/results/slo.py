"""Service-level objectives, judged: from the records where there are any, else from k6's figures.

A figure that could not be measured misses its objective: nobody should pass by not measuring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from janbench.model.metric import METRICS
from janbench.model.results.case_info import CaseInfo
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import Objective, Requests, SloResult, StepResult, Throughput
from janbench.model.slo import ObjectiveSpec
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records


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


def judge_objectives(info: CaseInfo, measured: Measured) -> SloResult:
    """Judge every objective of a scenario, and give its goodput where objectives are given."""
    goodput = None
    if info.request_limits is not None and info.mode == "load":
        goodput, _ = _goodput(info, measured, info.request_limits, None)
    objectives = [_judge(spec, info, measured) for spec in info.objectives]
    return SloResult(goodput=goodput, objectives=objectives)


def _judge(spec: ObjectiveSpec, info: CaseInfo, measured: Measured) -> Objective:
    bounds: tuple[float, float] | None = None
    if spec.metric == "goodput":
        value, reason = _goodput(info, measured, spec.limits, spec.step)
        if measured.records is not None and measured.records.bounded:
            ends = [
                _goodput(info, measured, spec.limits, spec.step, form)[0] or 0.0
                for form in ("sql_high", "sql_low")
            ]
            bounds = (ends[0], ends[1]) if ends[0] < ends[1] else None
    elif METRICS[spec.metric].scope == "run":
        value, reason = _share(spec, measured), "nothing was measured"
    else:
        value, reason, bounds = _statistic(spec, info, measured)
    ok = value is not None and (
        value <= spec.limit if spec.comparison == "<=" else value >= spec.limit
    )
    from_k6 = measured.records is None or spec.metric in ("error_rate", "requests_per_s")
    return Objective(
        name=spec.name,
        metric=spec.metric,
        statistic=spec.statistic,
        comparison=spec.comparison,
        limit=spec.limit,
        value=value,
        ok=ok,
        bounds=bounds,
        step=spec.step,
        judged_by="k6" if from_k6 else "records",
        reason="" if value is not None else reason,
    )


def _statistic(
    spec: ObjectiveSpec, info: CaseInfo, measured: Measured
) -> tuple[float | None, str, tuple[float, float] | None]:
    steps = [spec.step] if spec.step else (info.model_steps or [s.id for s in info.steps])
    distribution: Distribution | None
    if measured.records is not None:
        distribution = measured.records.distribution(spec.metric, steps)
    else:
        if spec.threshold is None:
            return None, "only the timing proxy measures it: use --timing proxy", None
        distribution = measured.summary.distribution(spec.threshold[0])
    if distribution is None:
        return None, "no request gave a value", None
    value: float | None = getattr(distribution, spec.statistic)
    return value, "the statistic is not known", distribution.bounds.get(spec.statistic)


def _share(spec: ObjectiveSpec, measured: Measured) -> float | None:
    step = measured.steps.get(spec.step) if spec.step else None
    if spec.metric == "error_rate":
        failed, all_ = (
            (step.failed, step.count)
            if step
            else (measured.requests.failed, measured.requests.attempted)
        )
        return failed / all_ if all_ else None
    if step is None:
        value: float | None = getattr(measured.throughput, spec.metric)
        return value
    if measured.duration_s <= 0:
        return None
    if spec.metric == "requests_per_s":
        return (step.count - step.failed) / measured.duration_s
    if measured.records is None:
        return None
    return measured.records.tokens_of(spec.step or "") / measured.duration_s


def _goodput(
    info: CaseInfo,
    measured: Measured,
    limits: Sequence[tuple[str, float]],
    step: str | None,
    form: str = "sql",
) -> tuple[float | None, str]:
    """Return the share of attempted requests that were good: dropped iterations were attempts, too.

    A dropped iteration counts for as many requests as those that were started made on average.
    """
    steps = [step] if step else (info.model_steps or [s.id for s in info.steps])
    if measured.records is None:
        return None, "only the timing proxy keeps a record of each request: use --timing proxy"
    good, made = measured.records.within(steps, limits, form)
    each = max(1.0, made / measured.iterations) if measured.iterations else 1.0
    attempted = made + measured.requests.dropped * each
    return (good / attempted, "") if attempted else (None, "no request was made")


def crossed_by_objectives(summary: K6Summary, objectives: Sequence[ObjectiveSpec]) -> bool:
    """Whether k6 saw thresholds crossed, and all of them are those of objectives."""
    crossed = {key for key, over in summary.crossed.items() if over}
    return bool(crossed) and crossed <= thresholds_of(objectives)


def thresholds_of(objectives: Sequence[ObjectiveSpec]) -> set[tuple[str, str]]:
    """Return the k6 thresholds that stand for objectives: reports show the objectives instead."""
    return {spec.threshold for spec in objectives if spec.threshold is not None}

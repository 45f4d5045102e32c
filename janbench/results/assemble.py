"""From what a run left behind to the result of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from janbench.model.job import Outcome
from janbench.model.k6_exit import THRESHOLDS_CROSSED
from janbench.model.metric import KEY_METRICS, METRICS
from janbench.model.results.case_info import CaseInfo, StepInfo
from janbench.model.results.distribution import Distribution
from janbench.model.results.load import LaneResult
from janbench.model.results.result import (
    CheckResult,
    Requests,
    ScenarioResult,
    StepResult,
    Validity,
)
from janbench.results.answer_notes import answer_notes
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records
from janbench.results.records.stages import stages_of
from janbench.results.saturation import saturation_of
from janbench.results.slo import (
    Measured,
    crossed_by_objectives,
    judge_objectives,
    thresholds_of,
)
from janbench.results.throughput import throughput_of
from janbench.results.verdict import judge

# Ours -> the k6 Trend that holds the same, for runs without records.
_FROM_K6 = {metric.name: metric.trend for metric in METRICS.values() if metric.trend}
_FROM_RECORDS = [metric.name for metric in METRICS.values() if metric.sql]
_OF_STREAMS = [m.name for m in METRICS.values() if m.streamed and m.objective]


@dataclass(frozen=True)
class CaseOutput:
    """The outcome, k6's summary (None when it is lost), the records, and the proxy's account.

    `start_skew_s`: how far apart several instances began; None for one. `asked_tokens`: by step,
    the mean length of its prompts, where it is known.
    """

    info: CaseInfo
    outcome: Outcome
    started_at: str
    summary: K6Summary | None
    records: Records | None = None
    proxy_stats: Mapping[str, Any] = field(default_factory=dict)
    cores: int = 1
    start_skew_s: float | None = None
    asked_tokens: Mapping[str, float] = field(default_factory=dict)


def assemble(output: CaseOutput) -> ScenarioResult:
    """Sum up a scenario's run and judge it."""
    info, summary = output.info, (output.summary or K6Summary()).measured()
    metrics = _metrics(output, summary)
    steps = {step.id: _step(output, summary, step) for step in info.steps}
    stages = stages_of(info, output.records) if output.records else []
    own = thresholds_of(info.objectives)
    throughput = throughput_of(info, summary, steps, output.records)
    result = ScenarioResult(
        name=info.name,
        verdict="error",
        mode=info.mode,
        timing=info.timing,
        started_at=output.started_at,
        duration_s=round(output.outcome.duration_s, 3),
        k6_exit_code=output.outcome.exit_code,
        iterations=summary.count("iterations"),
        lanes=_lanes(info, summary),
        stages=stages,
        saturation=saturation_of(info, stages, output.records),
        statuses=_statuses(output, summary),
        rate_limit=output.records.rate_limit() if output.records else "",
        requests=_requests(summary),
        metrics=metrics,
        unmeasured=_unmeasured(info, metrics, output.records),
        throughput=throughput,
        steps=steps,
        checks=[_owned(check, info) for check in summary.checks],
        thresholds=[
            threshold
            for threshold in summary.thresholds()
            if (threshold.metric, threshold.expression) not in own
            and not (threshold.value is None and threshold.metric in info.not_judged)
        ],
        stream_errors=_stream_classes(output, summary),
        answer_notes=answer_notes(output.records, summary),
        validity=_validity(output, summary),
    )
    measured = Measured(
        summary,
        output.records,
        result.requests,
        throughput,
        steps,
        result.iterations,
        throughput.window_s or 0.0,
    )
    result = result.model_copy(update={"slo": judge_objectives(info, measured)})
    outcome = output.outcome
    if crossed_by_objectives(summary, info.objectives):
        outcome = replace(outcome, exit_code=0)  # the objectives tell it, from better figures
    verdict, reasons = judge(result, info, outcome, output.summary is not None)
    return result.model_copy(update={"verdict": verdict, "reasons": reasons})


def _metrics(output: CaseOutput, summary: K6Summary) -> dict[str, Distribution]:
    steps = output.info.model_steps
    if output.records is not None:
        found = {name: output.records.distribution(name, steps) for name in _FROM_RECORDS}
    else:
        found = {ours: summary.distribution(theirs) for ours, theirs in _FROM_K6.items()}
    return {name: distribution for name, distribution in found.items() if distribution}


def _unmeasured(
    info: CaseInfo, metrics: Mapping[str, Distribution], records: Records | None
) -> dict[str, str]:
    """Say why a figure that a reader would look for is not there."""
    missing = [name for name in _OF_STREAMS if name not in metrics]
    if not info.model_steps or not missing:
        return {}
    if info.timing == "direct":
        reason = "k6 alone can't see when an event arrives: use --timing proxy"
    else:
        reason = (records.why_untimed() if records else "") or "no stream ended well"
    return dict.fromkeys(missing, reason)


def _requests(summary: K6Summary) -> Requests:
    attempted = summary.count("http_reqs")
    failed = summary.passes("http_req_failed") + summary.count("llm_failed_inside_200")
    return Requests(
        attempted=attempted,
        completed=max(0, attempted - failed),
        failed=failed,
        dropped=summary.count("dropped_iterations"),
    )


def _lanes(info: CaseInfo, summary: K6Summary) -> list[LaneResult]:
    started = summary.submetrics("lane_iterations", "lane")
    dropped = summary.submetrics("dropped_iterations", "scenario")
    return [
        LaneResult(
            name=lane.name,
            asked_rate=lane.rate,
            planned_iterations=round(lane.iterations, 3),
            started_iterations=int(started.get(lane.name, {}).get("count", 0)),
            dropped_iterations=int(dropped[lane.name].get("count", 0))
            if lane.name in dropped
            else None,
        )
        for lane in info.lanes
    ]


def _step(output: CaseOutput, summary: K6Summary, step: StepInfo) -> StepResult:
    def tagged(metric: str) -> str:
        return f"{metric}{{step:{step.id}}}"

    metrics: dict[str, Distribution] = {}
    if step.model and output.records is not None:
        found = {name: output.records.distribution(name, [step.id]) for name in KEY_METRICS}
        metrics = {name: distribution for name, distribution in found.items() if distribution}
    inside = summary.count(tagged("llm_failed_inside_200"))
    return StepResult(
        title=step.title,
        kind=step.kind,
        lane=step.lane,
        count=summary.count(tagged("http_reqs")),
        failed=summary.passes(tagged("http_req_failed")) + inside,
        duration_ms=summary.distribution(tagged("http_req_duration")),
        metrics=metrics,
        input_tokens=output.records.input_tokens_of(step.id) if output.records else None,
        asked_tokens=output.asked_tokens.get(step.id),
    )


def _owned(check: CheckResult, info: CaseInfo) -> CheckResult:
    """Find the step that makes a check: its label begins the check's name."""
    owners = [step for step in info.steps if check.name.startswith(step.label + " ")]
    if not owners:
        return check
    return check.model_copy(update={"step": max(owners, key=lambda step: len(step.label)).id})


def _stream_classes(output: CaseOutput, summary: K6Summary) -> dict[str, int]:
    if output.records is not None:
        classes = output.records.classes()
        if output.info.may_end_early and output.outcome.exit_code == THRESHOLDS_CROSSED:
            # What was in flight when k6 ended the run says nothing about the target.
            classes["timeout"] = classes.get("timeout", 0) - output.records.cut_off()
        return {kind: count for kind, count in sorted(classes.items()) if count}
    kinds = summary.submetrics("llm_streams", "kind")
    counts = {kind: int(values.get("count", 0)) for kind, values in kinds.items()}
    return {kind: count for kind, count in sorted(counts.items()) if count}


def _statuses(output: CaseOutput, summary: K6Summary) -> dict[str, int]:
    if output.records is not None:
        return output.records.statuses()
    found = summary.submetrics("http_reqs", "status")
    counts = {status: int(values.get("count", 0)) for status, values in found.items()}
    return {status: count for status, count in sorted(counts.items()) if count}


def _validity(output: CaseOutput, summary: K6Summary) -> Validity:
    stats, outcome = output.proxy_stats, output.outcome
    lag = summary.distribution("schedule_lag_ms")
    records = output.records
    events, together = records.events() if records else (0, 0)
    share = None
    if outcome.cpu_s is not None and outcome.duration_s > 0:
        share = round(outcome.cpu_s / outcome.duration_s / output.cores, 4)
    return Validity(
        dropped_iterations=summary.count("dropped_iterations"),
        clock=stats.get("clock"),
        read_together=round(records.read_together / events, 4) if records and events else None,
        sent_together=round(together / events, 4) if events else None,
        proxy_lag_p99_ms=stats.get("lag_ms", {}).get("p99"),
        proxy_cpu=stats.get("cpu_share"),
        proxy_queue_depth=stats.get("queue_depth_max"),
        client_cpu=share,
        schedule_lag_p99_ms=lag.p99 if lag else None,
        start_skew_s=output.start_skew_s,
        relogins=summary.count("auth_relogins"),
        client_errors=records.client_errors() if records else 0,
    )

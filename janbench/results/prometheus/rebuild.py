"""A result rebuilt from what a run pushed to Prometheus, for runs whose records are elsewhere."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import NamedTuple

from janbench import __version__
from janbench.errors import TargetError
from janbench.model.metric import METRICS, Metric
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import (
    EXIT_CODES,
    EngineInfo,
    Reason,
    Requests,
    RunResult,
    ScenarioResult,
    SloResult,
    StepResult,
    TargetInfo,
    Throughput,
    Validity,
    Verdict,
    worst,
)
from janbench.results.prometheus.api import PrometheusApi
from janbench.results.prometheus.pushed_run import PushedRun

_TRENDS = [metric for metric in METRICS.values() if metric.trend]
_NO_GAPS = "k6 pushes the mean gap of each request only; the pooled gaps are in the run's records"
_NO_HISTOGRAM = (
    "the run pushed percentiles of single series, which can't be merged; "
    "push native histograms (--native-histograms) to have it here"
)


class Source(NamedTuple):
    """Where the run is looked for: within the last `days` of the server at `url`."""

    url: str
    testid: str
    credentials: tuple[str, str] | None = None
    days: int = 15


def result_from_prometheus(source: Source) -> RunResult:
    """Rebuild the result of a run.

    Counts are exact. Percentiles come from native histograms, whose buckets make them up to 9 %
    coarse, and a reason of kind `prometheus` says so; without histograms there are none. A scenario
    has the verdict that janbench pushed, else `invalid`, since thresholds are not in Prometheus.
    Raises TargetError when Prometheus has no such run, or gives no answer.
    """
    api = PrometheusApi(source.url, source.credentials)
    try:
        whole = _span(api, source, f"{{testid={json.dumps(source.testid)}}}")
        cases = _test_cases(api, source.testid, whole)
        pushed = [
            PushedRun(api, source.testid, case, *_span(api, source, _selector(source.testid, case)))
            for case in cases
        ]
        scenarios = [_scenario(run) for run in pushed]
        labels = pushed[0].labels()
    finally:
        api.close()
    verdict = worst([scenario.verdict for scenario in scenarios])
    return RunResult(
        run_id=source.testid,
        started_at=_iso(whole[0]),
        duration_s=round(whole[1] - whole[0], 3),
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        janbench_version=__version__,
        engine=EngineInfo(name="prometheus"),
        target=TargetInfo(
            base=labels.get("environment", ""), flavour="", model=labels.get("model", "")
        ),
        testid=source.testid,
        reasons=[
            Reason(
                kind="prometheus",
                message=f"Rebuilt from Prometheus at {api.base}: counts are exact, percentiles "
                "come from native histograms and are up to 9 % coarse, times of start and end are "
                "those of the first and the last push.",
            )
        ],
        scenarios=scenarios,
    )


def _span(api: PrometheusApi, source: Source, selector: str) -> tuple[float, float]:
    moments = api.moments(f"k6_vus{selector}", source.days)
    if not moments:
        raise TargetError(
            f"Prometheus at {api.base} has no run with testid {source.testid!r} "
            f"in the last {source.days} days",
            hint="The dashboard's variable testid lists the runs that are there.",
        )
    return moments[0], moments[-1]


def _test_cases(api: PrometheusApi, testid: str, whole: tuple[float, float]) -> list[str]:
    seconds = int(whole[1] - whole[0]) + 1
    found = api.at(
        f"group by (test_case) (last_over_time(k6_vus{{testid={json.dumps(testid)}}}[{seconds}s]))",
        whole[1],
    )
    return sorted(point.labels.get("test_case", "") for point in found)


def _selector(testid: str, test_case: str) -> str:
    return f"{{testid={json.dumps(testid)},test_case={json.dumps(test_case)}}}"


def _scenario(run: PushedRun) -> ScenarioResult:
    attempted = int(run.total("http_reqs"))
    refused = run.total("http_reqs", 'expected_response="false"')
    failed = int(refused + run.total("llm_failed_inside_200"))
    metrics = _metrics(run)
    verdict, reasons = _verdict(run)
    seconds = run.end - run.start
    tokens = run.total("llm_output_tokens")
    return ScenarioResult(
        name=run.test_case or run.testid,
        verdict=verdict,
        reasons=reasons,
        timing="proxy" if "tpot_ms" in metrics else "direct",
        started_at=_iso(run.start),
        duration_s=round(seconds, 3),
        requests=Requests(
            attempted=attempted,
            completed=attempted - failed,
            failed=failed,
            dropped=int(run.total("dropped_iterations")),
        ),
        metrics=metrics,
        unmeasured=_unmeasured(run, metrics),
        throughput=Throughput(
            requests_per_s=round(attempted / seconds, 3) if seconds > 0 else None,
            output_tokens_per_s=round(tokens / seconds, 3) if seconds > 0 and tokens else None,
        ),
        steps={step: _step(run, step) for step in run.steps()},
        slo=SloResult(goodput=run.pushed("goodput_ratio")),
        stream_errors={k: int(v) for k, v in run.totals_by("llm_streams", "kind").items()},
        answer_notes={k: int(v) for k, v in run.totals_by("llm_answer_notes", "note").items()},
        validity=Validity(
            dropped_iterations=int(run.total("dropped_iterations")),
            proxy_lag_p99_ms=_milliseconds(run.pushed("generator_lag_seconds", 'source="proxy"')),
            schedule_lag_p99_ms=_milliseconds(
                run.pushed("generator_lag_seconds", 'source="schedule"')
            ),
            relogins=int(run.total("auth_relogins")),
        ),
    )


def _metrics(run: PushedRun) -> dict[str, Distribution]:
    good = 'status=~"2.."'
    found = {metric.name: _trend(run, metric, good) for metric in _TRENDS}
    return {name: distribution for name, distribution in found.items() if distribution}


def _trend(run: PushedRun, metric: Metric, where: str) -> Distribution | None:
    """Return what was pushed of a Trend: times go to Prometheus in seconds, under such a name."""
    seconds = metric.unit == "ms"
    return run.distribution(
        f"{metric.trend}_seconds" if seconds else str(metric.trend), where, 1000 if seconds else 1
    )


def _unmeasured(run: PushedRun, metrics: dict[str, Distribution]) -> dict[str, str]:
    missing = {"itl_ms": _NO_GAPS}
    if not run.has_histograms():
        missing.update(
            {name: _NO_HISTOGRAM for name in (m.name for m in _TRENDS) if name not in metrics}
        )
    return missing


def _step(run: PushedRun, step: str) -> StepResult:
    where = f"step={json.dumps(step)}"
    refused = run.total("http_reqs", f'{where},expected_response="false"')
    found = {
        metric.name: _trend(run, metric, f'{where},status=~"2.."')
        for metric in _TRENDS
        if metric.key
    }
    return StepResult(
        title=step,
        count=int(run.total("http_reqs", where)),
        failed=int(refused + run.total("llm_failed_inside_200", where)),
        duration_ms=run.distribution("http_req_duration_seconds", where, 1000),
        metrics={name: distribution for name, distribution in found.items() if distribution},
    )


def _verdict(run: PushedRun) -> tuple[Verdict, list[Reason]]:
    failing = [
        Reason(kind="check", message=f"Check passed in {share:.1%} of cases: {name}.", value=share)
        for name, share in run.checks().items()
        if share < 1
    ]
    code = run.pushed("verdict")
    for verdict, known in EXIT_CODES.items():
        if code is not None and known == int(code):
            return verdict, failing
    message = "No verdict was pushed for this run, and its thresholds are not in Prometheus."
    return "invalid", [Reason(kind="unjudged", message=message), *failing]


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(min(moment, time.time()), timezone.utc).isoformat(
        timespec="milliseconds"
    )

"""A run's result as metrics: what k6 itself can't know, pushed once when the run has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from janbench.model.results.result import EXIT_CODES, RunResult, ScenarioResult
from janbench.model.telemetry import RemoteWrite, RunTags, Sample
from janbench.remote_write import push


def push_result(target: RemoteWrite, result: RunResult, tags: Mapping[str, RunTags]) -> str:
    """Push `result_samples`; gives the problem in words, empty when they arrived."""
    return push(target, result_samples(result, tags, int(time.time() * 1000)))


def result_samples(result: RunResult, tags: Mapping[str, RunTags], time_ms: int) -> list[Sample]:
    """Turn a result into samples at one moment; `tags` has those of each scenario, by its name.

    `janbench_verdict` is the exit code of the scenario's verdict; `janbench_goodput_ratio`,
    `janbench_error_ratio` and `janbench_checks_ratio` are 0 to 1; `janbench_requests_per_second`
    and `janbench_output_tokens_per_second` are over the whole run; `janbench_generator_lag_seconds`
    is the p99 of how late the load generator itself was, by `source` (schedule, proxy).
    """
    return [
        Sample(name, {**tags[scenario.name].as_tags(), **labels}, value, time_ms)
        for scenario in result.scenarios
        if scenario.name in tags
        for name, labels, value in _figures(scenario)
    ]


def _figures(scenario: ScenarioResult) -> Iterator[tuple[str, dict[str, str], float]]:
    none: dict[str, str] = {}
    requests, validity = scenario.requests, scenario.validity
    yield "janbench_verdict", none, float(EXIT_CODES[scenario.verdict])
    yield "janbench_dropped_iterations", none, float(requests.dropped)
    offered = requests.attempted + requests.dropped
    if offered:
        goodput = scenario.slo.goodput
        # Without objectives every request that succeeded is good.
        if goodput is None:
            goodput = (requests.attempted - requests.failed) / offered
        yield "janbench_goodput_ratio", none, goodput
    if requests.attempted:
        yield "janbench_error_ratio", none, requests.failed / requests.attempted
    speeds = {
        "janbench_requests_per_second": scenario.throughput.requests_per_s,
        "janbench_output_tokens_per_second": scenario.throughput.output_tokens_per_s,
    }
    for name, speed in speeds.items():
        if speed is not None:
            yield name, none, speed
    checked = sum(check.passes + check.fails for check in scenario.checks)
    if checked:
        passed = sum(check.passes for check in scenario.checks)
        yield "janbench_checks_ratio", none, passed / checked
    lags = {"schedule": validity.schedule_lag_p99_ms, "proxy": validity.proxy_lag_p99_ms}
    for source, lag in lags.items():
        if lag is not None:
            yield "janbench_generator_lag_seconds", {"source": source}, lag / 1000

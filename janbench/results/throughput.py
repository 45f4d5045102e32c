"""Good requests and output tokens per second, each over the time in which requests were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from janbench.model.results.case_info import CaseInfo
from janbench.model.results.result import StepResult, Throughput
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records

TokensSource = Literal["usage", "estimated", "mixed"]


def throughput_of(
    info: CaseInfo,
    summary: K6Summary,
    steps: Mapping[str, StepResult],
    records: Records | None,
) -> Throughput:
    """Return the rates: from the records where there are any, else from k6's summary.

    Failed requests aren't throughput, and neither k6's start nor its wait for a last answer that
    isn't counted is time.
    """
    counted = info.model_steps or [step.id for step in info.steps]
    if records is not None:
        good, window_s = records.good_and_window(counted)
        tokens, source = _recorded_tokens(records)
        return _rates(good, tokens, source, "requests", window_s)
    good = sum(steps[name].count - steps[name].failed for name in counted)
    if not counted:
        good = summary.count("http_reqs") - summary.passes("http_req_failed")
    tokens, source = _summed_tokens(summary)
    return _rates(good, tokens, source, "k6", _executed_s(summary, info))


def _rates(
    good: int,
    tokens: int,
    source: TokensSource | None,
    window: Literal["requests", "k6"],
    window_s: float,
) -> Throughput:
    if window_s <= 0:
        return Throughput(tokens_source=source)
    return Throughput(
        requests_per_s=round(good / window_s, 3),
        output_tokens_per_s=round(tokens / window_s, 3) if tokens else None,
        tokens_source=source,
        window=window,
        window_s=round(window_s, 3),
    )


def _recorded_tokens(records: Records) -> tuple[int, TokensSource | None]:
    tokens, sources = records.tokens()
    if not sources:
        return tokens, None
    if len(sources) > 1:
        return tokens, "mixed"
    return tokens, "usage" if "usage" in sources else "estimated"


def _summed_tokens(summary: K6Summary) -> tuple[int, TokensSource | None]:
    tokens = summary.count("llm_output_tokens")
    estimated = summary.count("llm_estimated_tokens")
    if not tokens:
        return 0, None
    return tokens, "usage" if not estimated else "estimated" if estimated == tokens else "mixed"


def _executed_s(summary: K6Summary, info: CaseInfo) -> float:
    """Return how long k6 executed the test, in s: a counter's rate is its count over this time."""
    counter = next(
        (
            values
            for name in ("data_received", "iterations", "http_reqs")
            if (values := summary.values.get(name)) and values.get("count") and values.get("rate")
        ),
        None,
    )
    if counter is None:
        return 0.0
    return max(0.0, counter["count"] / counter["rate"] - info.uncounted_s)

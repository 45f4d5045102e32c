"""The metrics that reports show: title, unit, direction, exact definition."""

from __future__ import annotations

from typing import Literal, NamedTuple

Direction = Literal["lower", "higher"]


class Metric(NamedTuple):
    """One metric; `better` says which way is an improvement."""

    name: str
    title: str
    unit: str
    better: Direction
    definition: str


_ALL = (
    Metric(
        "ttft_ms",
        "Time to first token",
        "ms",
        "lower",
        "From the request having been written to the arrival of the first event that carries "
        "content, reasoning or a tool call. An event with a role only doesn't count.",
    ),
    Metric(
        "ttft_visible_ms",
        "Time to first visible token",
        "ms",
        "lower",
        "The same, counting only content that the user sees, not reasoning.",
    ),
    Metric(
        "itl_ms",
        "Inter-token latency",
        "ms",
        "lower",
        "Gap between consecutive content-bearing events, pooled over all requests.",
    ),
    Metric(
        "tpot_ms",
        "Time per output token",
        "ms",
        "lower",
        "(Arrival of the last content event - arrival of the first) / (output tokens - 1), for "
        "each request; absent for fewer than 2 tokens.",
    ),
    Metric(
        "e2e_ms",
        "End-to-end latency",
        "ms",
        "lower",
        "From the request having been written to the last content event (stream) or to the full "
        "body (non-stream).",
    ),
    Metric(
        "ttfb_ms",
        "Time to first byte",
        "ms",
        "lower",
        "From the request having been written to the first byte of the response headers. Not the "
        "time to the first token: servers send headers before they have one.",
    ),
    Metric(
        "first_event_ms",
        "Time to first event",
        "ms",
        "lower",
        "From the request having been written to the first event of any kind.",
    ),
    Metric(
        "finalize_ms",
        "Finalization",
        "ms",
        "lower",
        "From the last content event to the end of the response: what persistence or a late "
        "[DONE] costs.",
    ),
    Metric(
        "tokens_per_s",
        "Token rate of a request",
        "tokens/s",
        "higher",
        "Output tokens of a request / its end-to-end seconds.",
    ),
    Metric(
        "output_tokens_per_s",
        "Output throughput",
        "tokens/s",
        "higher",
        "Output tokens of all good requests / the time from the start of the first request to the "
        "model to the end of the last (without records: the time in which k6 executed the test).",
    ),
    Metric(
        "requests_per_s",
        "Request throughput",
        "requests/s",
        "higher",
        "Good requests to the model / the time from the start of the first to the end of the last "
        "(without records: the time in which k6 executed the test).",
    ),
    Metric(
        "error_rate",
        "Failed requests",
        "share",
        "lower",
        "Requests that didn't end in integrity class ok / requests attempted.",
    ),
    Metric(
        "goodput",
        "Goodput",
        "share",
        "higher",
        "Requests that succeeded and met every objective's limit / requests attempted, dropped "
        "iterations included. A missing value fails its objective.",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


def title_of(name: str) -> str:
    """Return a metric's title; a metric that isn't ours (a user's k6 metric) is its own title."""
    metric = METRICS.get(name)
    return metric.title if metric else name


def unit_of(name: str) -> str:
    """Return a metric's unit, ours or k6's: `ms`, `share`, `tokens/s`; empty for plain numbers."""
    if name in METRICS:
        return METRICS[name].unit
    bare = name.partition("{")[0]
    if bare.endswith("_ms") or (bare.startswith("http_req_") and bare != "http_req_failed"):
        return "ms"
    if bare in ("checks", "http_req_failed"):
        return "share"
    return "tokens/s" if bare == "llm_tokens_per_sec" else ""


def with_unit(value: float, name: str) -> str:
    """Write a value of a metric for a sentence: `912 ms`, `4.2%`, `36.1 tokens/s`."""
    unit = unit_of(name)
    if unit == "share":
        return f"{100 * value:.4g}%"
    return f"{value:.4g} {unit}".rstrip()

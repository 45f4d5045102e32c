"""The registry of metrics: what a report shows, where it comes from, what may be asked of it.

Tables of metrics elsewhere (objectives, SQL over the records, k6's Trends, comparison, terminal,
charts) derive from it: a new metric is an entry here, and where an SLO may limit it a field of
`model/slo.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["lower", "higher"]
Scope = Literal["request", "event", "run"]

# A change of this share is no news, unless asked otherwise.
_LATENCY = {".p50": 0.05, ".p95": 0.10}


@dataclass(frozen=True)
class Metric:
    """One metric; `better` says which way is an improvement.

    `scope`: what gives a sample: a request, an event of a stream, or the whole run. `sql` is a
    sample in the table of records (`model/results/record.py`), `has_it` a condition of those that
    have one; `sql_low` and `sql_high` are what it lies between, where an event was read together
    with later ones; `trend` is the k6 Trend that holds the same, `plain_trend` k6's own for
    requests that don't go to a model; None where there is none. `streamed`: only streams have it.

    `objective`: an SLO may limit it; `in_goodput`: so may the limits of goodput. `key`: shown for
    each step, too; `headline`: in one-line summaries; `charted`: as a distribution; `label`: its
    name in the terminal's table, empty for one that isn't there. `margins`: what a comparison takes
    for no difference, as a share, by statistic; `gates`: whether it decides the verdict.
    """

    name: str
    title: str
    unit: str
    better: Direction
    definition: str
    scope: Scope = "request"
    sql: str | None = None
    sql_low: str | None = None
    sql_high: str | None = None
    has_it: str = ""
    trend: str | None = None
    plain_trend: str | None = None
    streamed: bool = False
    objective: bool = False
    in_goodput: bool = False
    key: bool = False
    headline: bool = False
    charted: bool = False
    label: str = ""
    margins: Mapping[str, float] = field(default_factory=dict)
    gates: bool = False


# A gap ends with the next event, which may have come earlier, and so may have its beginning.
_GAPS = (
    "unnest(CASE WHEN widths_ms IS NULL THEN gaps_ms "
    "ELSE [{} for i in range(1, len(gaps_ms) + 1)] END)"
)

_ALL = (
    Metric(
        "ttft_ms",
        "Time to first token",
        "ms",
        "lower",
        "From the request having been written to the arrival of the first event that carries "
        "content, reasoning or a tool call. An event with a role only doesn't count.",
        trend="llm_ttft_ms",
        sql="ttft_ms",
        sql_low="ttft_ms - least(ttft_ms, coalesce(widths_ms[1], 0) + coalesce(start_width_ms, 0))",
        sql_high="ttft_ms",
        streamed=True,
        objective=True,
        in_goodput=True,
        key=True,
        headline=True,
        charted=True,
        label="Time to first token",
        margins=_LATENCY,
        gates=True,
    ),
    Metric(
        "ttft_visible_ms",
        "Time to first visible token",
        "ms",
        "lower",
        "The same, counting only content that the user sees, not reasoning.",
        sql="ttft_visible_ms",
        # Which event it was isn't kept: the widest of them all.
        sql_low="ttft_visible_ms - least(ttft_visible_ms, coalesce(list_max(widths_ms), 0) "
        "+ coalesce(start_width_ms, 0))",
        sql_high="ttft_visible_ms",
        streamed=True,
        objective=True,
        in_goodput=True,
    ),
    Metric(
        "itl_ms",
        "Inter-token latency",
        "ms",
        "lower",
        "Gap between consecutive content-bearing events, pooled over all requests.",
        scope="event",
        sql="unnest(gaps_ms)",
        sql_low=_GAPS.format("greatest(0, gaps_ms[i] - widths_ms[i + 1])"),
        sql_high=_GAPS.format("gaps_ms[i] + widths_ms[i]"),
        streamed=True,
        objective=True,
        key=True,
        charted=True,
        label="Inter-token latency",
        margins=_LATENCY,
        gates=True,
    ),
    Metric(
        "tpot_ms",
        "Time per output token",
        "ms",
        "lower",
        "(Arrival of the last content event - arrival of the first) / (output tokens - 1), for "
        "each request; absent for fewer than 2 tokens.",
        trend="llm_tpot_ms",
        sql="tpot_ms",
        sql_low="tpot_ms - least(tpot_ms, coalesce(widths_ms[-1], 0) "
        "/ greatest(1, output_tokens - 1))",
        sql_high="tpot_ms + coalesce(widths_ms[1], 0) / greatest(1, output_tokens - 1)",
        streamed=True,
        objective=True,
        in_goodput=True,
        key=True,
        label="Time per output token",
        margins=_LATENCY,
        has_it="coalesce(output_tokens, 2) >= 2",
    ),
    Metric(
        "e2e_ms",
        "End-to-end latency",
        "ms",
        "lower",
        "From the request having been written to the last content event (stream) or to the full "
        "body (non-stream).",
        trend="llm_e2e_ms",
        plain_trend="http_req_duration",
        sql="e2e_ms",
        sql_low="e2e_ms - least(e2e_ms, coalesce(widths_ms[-1], 0) + coalesce(start_width_ms, 0))",
        sql_high="e2e_ms",
        objective=True,
        in_goodput=True,
        key=True,
        headline=True,
        charted=True,
        label="End to end",
        margins=_LATENCY,
        gates=True,
    ),
    Metric(
        "ttfb_ms",
        "Time to first byte",
        "ms",
        "lower",
        "From the request having been written to the first byte of the response headers. Not the "
        "time to the first token: servers send headers before they have one.",
        trend="llm_ttfb_ms",
        plain_trend="http_req_waiting",
        sql="ttfb_ms",
        objective=True,
        in_goodput=True,
        label="First byte (headers)",
    ),
    Metric(
        "first_event_ms",
        "Time to first event",
        "ms",
        "lower",
        "From the request having been written to the first event of any kind.",
        sql="first_event_ms",
        streamed=True,
    ),
    Metric(
        "finalize_ms",
        "Finalization",
        "ms",
        "lower",
        "From the last content event to the end of the response: what persistence or a late "
        "[DONE] costs.",
        trend="llm_finalize_ms",
        sql="finalize_ms",
        streamed=True,
        objective=True,
    ),
    Metric(
        "proxy_before_ms",
        "Timing proxy's own delay",
        "ms",
        "lower",
        "From the arrival of the request's last byte at the timing proxy to its being sent on, on "
        "a new connection where one was needed. Part of no other figure.",
        sql="proxy_before_ms",
    ),
    Metric(
        "tokens_per_s",
        "Token rate of a request",
        "tokens/s",
        "higher",
        "Output tokens of a request / its end-to-end seconds.",
        trend="llm_tokens_per_sec",
        sql="CASE WHEN e2e_ms > 0 THEN output_tokens / (e2e_ms / 1000) END",
        objective=True,
        in_goodput=True,
    ),
    Metric(
        "output_tokens_per_s",
        "Output throughput",
        "tokens/s",
        "higher",
        "Output tokens of all good requests / the time from the start of the first request to the "
        "model to the end of the last (without records: the time in which k6 executed the test).",
        scope="run",
        objective=True,
        margins={"": 0.05},
    ),
    Metric(
        "requests_per_s",
        "Request throughput",
        "requests/s",
        "higher",
        "Good requests to the model / the time from the start of the first to the end of the last "
        "(without records: the time in which k6 executed the test).",
        scope="run",
        objective=True,
        margins={"": 0.05},
    ),
    Metric(
        "error_rate",
        "Failed requests",
        "share",
        "lower",
        "Requests that didn't end in integrity class ok / requests attempted.",
        scope="run",
        objective=True,
        margins={"": 0.01},
        gates=True,
    ),
    Metric(
        "goodput",
        "Goodput",
        "share",
        "higher",
        "Requests that succeeded and met every objective's limit / requests attempted, dropped "
        "iterations included. A missing value fails its objective.",
        scope="run",
        objective=True,
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


KEY_METRICS = tuple(metric.name for metric in _ALL if metric.key)
HEADLINES = tuple(metric.name for metric in _ALL if metric.headline)
CHARTED = tuple(metric.name for metric in _ALL if metric.charted)


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

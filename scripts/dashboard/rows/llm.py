"""How does the model's API feel to its users?"""

from __future__ import annotations

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import (
    COUNT,
    SECONDS,
    TOKENS_PER_SECOND,
    Look,
    Panel,
    Query,
    Row,
    bars,
    lines,
)

_LEGEND = "{{step}} {{testid}}"


def row() -> Row:
    """Return the row."""
    return Row("Model (LLM)", [*_times(), *_speed()])


def _times() -> list[Panel]:
    streams = f"{means.SINCE_START} {means.GOOD_ONLY}"
    seen = f"{streams} {means.PROXY_ONLY}"
    return [
        _final(
            "TTFT p95",
            "llm_ttft_ms",
            f"{means.TTFT} The p95 of the whole run. Without the timing proxy there is only what "
            "a flavour's headers are known to tell. Good for chat: under 1 s.",
        ),
        _final(
            "e2e p95", "llm_e2e_ms", f"{means.E2E} The p95 of the whole run, good answers only."
        ),
        _trend("Time to first token", "llm_ttft_ms", f"{means.TTFT} {streams}"),
        _trend("End to end", "llm_e2e_ms", f"{means.E2E} {streams}"),
        _trend(
            "Inter-token latency",
            "llm_itl_ms",
            f"{means.ITL} {seen} Good: under 50 ms, faster than reading.",
        ),
        _trend("Time per output token", "llm_tpot_ms", f"{means.TPOT} {seen}"),
        _trend("Finalize", "llm_finalize_ms", f"{means.FINALIZE} {seen}"),
        _trend(
            "TTFB (headers, not the first token)",
            "llm_ttfb_ms",
            f"{means.TTFB} {means.SINCE_START}",
        ),
        _trend(
            "Queue time, as the server says",
            "llm_queue_ms",
            f"{means.QUEUE} Only servers that send the header fill this panel. {means.SINCE_START}",
        ),
    ]


def _speed() -> list[Panel]:
    tokens = "llm_tokens_per_sec"
    produced = queries.per_second("llm_output_tokens", queries.STEP)
    kinds = queries.total("llm_streams", f'{queries.STEP},kind!="ok"', "testid, kind")
    endings = queries.total("llm_streams", queries.STEP, "kind")
    return [
        lines(
            "Output tokens per second, whole run",
            [Query(produced, "{{test_case}} {{testid}}")],
            TOKENS_PER_SECOND,
            "Tokens of all good answers together, per second. It stops rising with the load when "
            "the server has no more to give.",
        ),
        lines(
            "Output tokens per second, each request",
            [
                Query(queries.least(tokens), f"slowest {_LEGEND}"),
                Query(queries.percentile(tokens, 95), f"p95 {_LEGEND}"),
            ],
            TOKENS_PER_SECOND,
            "Output tokens of a request / its end-to-end seconds: `slowest` is the worst request "
            "so far, `p95` the fast end. It falls as requests share the server.",
        ),
        lines(
            "Broken streams, by kind",
            [Query(kinds, "{{kind}} {{testid}}")],
            COUNT,
            "Streams that didn't end well since the start of the run, each in one class: "
            "`http_error`, `in_band_error` (an error inside a 200), `no_content`, "
            "`no_finish_reason`, `no_done`, `malformed_frame`, `truncated`, `stalled`, `timeout`. "
            "Empty is good: no stream broke.",
        ),
        bars(
            "How streams ended",
            [Query(f"sort_desc({endings})", "{{kind}}")],
            COUNT,
            "All streams of the chosen runs by how they ended. Good: `ok` only.",
            Look(decimals=0),
        ),
    ]


def _final(title: str, metric: str, description: str) -> Panel:
    return bars(
        title,
        [Query(queries.final_percentile(metric, 95), _LEGEND)],
        SECONDS,
        description,
        Look(width=12, height=7),
    )


def _trend(title: str, metric: str, description: str) -> Panel:
    return lines(
        title,
        [
            Query(queries.percentile(metric, 95), f"p95 {_LEGEND}"),
            Query(queries.percentile(metric, 99), f"p99 {_LEGEND}"),
        ],
        SECONDS,
        description,
    )

"""The metrics in a sentence each, as every report of janbench defines them."""

from __future__ import annotations

TTFT = (
    "**TTFT**: request written -> arrival of the first event with content, reasoning or a tool "
    "call. A role-only event doesn't count."
)
ITL = (
    "**ITL**: the gap between consecutive content events. This is the mean gap of each request, "
    "and the percentile is over requests; result.json has all gaps pooled."
)
TPOT = "**TPOT**: (last content event - first content event) / (output tokens - 1), per request."
E2E = "**e2e**: request written -> last content event of a stream, or the full body."
FINALIZE = (
    "**finalize**: last content event -> end of the response. It is what storing the answer, or a "
    "late `[DONE]`, costs."
)
TTFB = (
    "**TTFB**: request written -> first byte of the response *headers*. Servers send headers "
    "before they have a token, so this is not the time to the first token (TTFT)."
)
QUEUE = "**queue**: what the server says in its `X-Queue-Time` header."
ERROR_RATE = (
    "**error rate**: requests with an unexpected status, or whose stream broke inside a 200, "
    "divided by all requests since the start of the run."
)
GOODPUT = (
    "**goodput**: requests that succeeded and met every objective / requests attempted, dropped "
    "iterations included."
)
SINCE_START = (
    "Each point is the percentile of everything since the start of the run, as k6 keeps it: it "
    "smooths what comes late. Several lanes, prompts or statuses of a step: the worst is shown."
)
PROXY_ONLY = "Needs the timing proxy (`--timing proxy`): k6 alone can't see when a token arrives."
GOOD_ONLY = "Good answers only."
AT_THE_END = "Pushed by janbench when the run has ended: empty before, and for scripts run by hand."

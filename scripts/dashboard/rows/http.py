"""What happens below the model: HTTP."""

from __future__ import annotations

from scripts.dashboard import definitions as means
from scripts.dashboard import queries
from scripts.dashboard.panels import (
    BYTES_PER_SECOND,
    PER_SECOND,
    SECONDS,
    SHARE,
    Query,
    Row,
    lines,
)

_RUN = "{{test_case}} {{testid}}"
_PHASES = ("blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")


def row() -> Row:
    """Return the row."""
    duration, step = "http_req_duration", "{{step}} {{testid}}"
    return Row(
        "HTTP",
        [
            lines(
                "Request duration",
                [
                    Query(queries.percentile(duration, 95, queries.STEP), f"p95 {step}"),
                    Query(queries.most(duration, queries.STEP), f"max {step}"),
                ],
                SECONDS,
                "From the first byte sent to the last byte received, failed requests included: for "
                f"a stream that is the whole stream. {means.SINCE_START}",
            ),
            lines(
                "Where the time goes",
                [
                    Query(
                        queries.percentile(f"http_req_{phase}", 95, queries.STEP, "testid"),
                        f"{phase} {{{{testid}}}}",
                    )
                    for phase in _PHASES
                ],
                SECONDS,
                "The p95 of each phase in the slowest of the chosen steps: choose one step to read "
                "it well. `blocked`: waiting for a connection. `connecting`, `tls_handshaking`: "
                "0 where connections are reused. `waiting`: until the first byte of the headers "
                "(TTFB). `receiving`: the body, which for a stream is most of it.",
            ),
            lines(
                "Requests per second",
                [Query(queries.per_second("http_reqs", queries.STEP), _RUN)],
                PER_SECOND,
                "Requests of all chosen steps. It follows the offered load, since arrival rates "
                "don't wait for the server; if it doesn't, look at dropped iterations.",
            ),
            lines(
                "Requests per second, by step and status",
                [
                    Query(
                        queries.per_second("http_reqs", queries.STEP, "testid, step, status"),
                        "{{step}} {{status}} {{testid}}",
                    )
                ],
                PER_SECOND,
                "The same by step and HTTP status. Status 0: no whole answer came (refused, "
                "timed out, cut off).",
            ),
            lines(
                "Failed rate",
                [Query(queries.error_ratio(), _RUN)],
                SHARE,
                f"{means.ERROR_RATE} The line keeps its last value when the run has ended.",
            ),
            lines(
                "Data",
                [
                    Query(queries.per_second("data_received"), f"received {_RUN}"),
                    Query(queries.per_second("data_sent"), f"sent {_RUN}"),
                ],
                BYTES_PER_SECOND,
                "Bytes on the wire as k6 counts them, headers included.",
            ),
        ],
    )

"""Lost and late pushes, as k6's log tells them in its three formats."""

from __future__ import annotations

import pytest

from janbench.results.prometheus.lost_metrics import metrics_lost

RAW = "Failed to send the time series data to the endpoint"
TEXT = (
    'time="2026-01-01T00:00:00Z" level=error msg="Failed to send the time series data to the '
    'endpoint" error="got status code: 401 instead expected a 2xx successful status code" '
    'output="Prometheus remote write"'
)
JSON = (
    '{"error":"HTTP POST request failed: Post \\"http://x/\\": connection refused","level":"error",'
    '"msg":"Failed to send the time series data to the endpoint"}'
)
LATE = (
    "Successful flushed time series to remote write endpoint but it took {} while flush period "
    "is 1s. Some samples may be dropped."
)


def test_silence_means_that_all_arrived() -> None:
    assert metrics_lost([]) is None
    assert metrics_lost(["[1/4] Guest login ... ok (3 ms)", "Request Failed"]) is None


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([TEXT, RAW], "got status code: 401"),
        ([RAW, JSON], 'Post "http://x/": connection refused'),
        ([RAW, RAW], "asked: refused"),
        ([RAW, RAW, LATE.format("2s")], "asked: refused"),
    ],
)
def test_the_cause_comes_from_the_log_or_from_asking(lines: list[str], cause: str) -> None:
    reason = metrics_lost(lines, lambda: "asked: refused", "http://x/")
    assert reason is not None
    assert reason.kind == "metrics_lost"
    assert reason.value == 2
    assert cause in reason.message
    assert "2 pushes to Prometheus at http://x/ failed" in reason.message


def test_nobody_is_asked_without_need() -> None:
    def never() -> str:
        raise AssertionError("asked")

    assert metrics_lost(["fine"], never) is None
    assert metrics_lost([TEXT], never) is not None


def test_a_failure_without_a_cause_says_so() -> None:
    reason = metrics_lost([RAW])
    assert reason is not None
    assert "1 push to Prometheus failed (cause unknown)" in reason.message


@pytest.mark.parametrize(
    ("duration", "shown"), [("3.001974655s", "3.0 s"), ("1m2.5s", "62.5 s"), ("850ms", "0.8 s")]
)
def test_late_pushes(duration: str, shown: str) -> None:
    reason = metrics_lost([LATE.format("100ms"), LATE.format(duration)])
    assert reason is not None
    assert reason.value == 0
    assert shown in reason.message

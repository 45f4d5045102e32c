from __future__ import annotations

import pytest

from janbench.reports import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0 ms"), (0.42, "0.42 ms"), (9.999, "10.00 ms"), (85.14, "85.1 ms"),
     (1490.4, "1,490 ms"), (12_345.6, "12.3 s")],
)  # fmt: skip
def test_milliseconds(value: float | None, text: str) -> None:
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0%"), (1.0, "100%"), (0.123, "12.3%"), (0.00042, "0.042%"),
     (0.99995, "99.995%")],
)  # fmt: skip
def test_share_is_never_rounded_to_none_or_all(value: float | None, text: str) -> None:
    assert figures.share(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.25, "8.2 s"), (300, "5 min"), (301.2, "5 min 01 s"), (3720, "1 h 02 min")],
)
def test_length(seconds: float, text: str) -> None:
    assert figures.length(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0:00.0"), (61.26, "1:01.3"), (3661, "1:01:01")]
)
def test_clock(seconds: float, text: str) -> None:
    assert figures.clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(500, "ms", "500 ms"), (0.995, "share", "99.5%"), (3, "", "3")]
)
def test_limit_is_written_as_given(value: float, unit: str, text: str) -> None:
    assert figures.limit(value, unit) == text


def test_moment() -> None:
    assert figures.moment("2026-11-25T02:09:49.698+02:00") == "2026-11-25 00:09:49 UTC"
    assert figures.moment("once") == "once"

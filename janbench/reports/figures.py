"""Numbers as people read them: one form for each unit, the same in every report."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

ABSENT = "–"


def milliseconds(value: float | None) -> str:
    """Write a time given in ms with three significant figures: `0.42 ms`, `85.1 ms`, `12.3 s`."""
    if value is None:
        return ABSENT
    if abs(value) >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{_three(value)} ms"


def share(value: float | None) -> str:
    """Write a share of 0 to 1 as a percentage; never 0% or 100% unless it is exactly that."""
    if value is None:
        return ABSENT
    percent = value * 100
    if percent in (0, 100):
        return f"{percent:.0f}%"
    digits = 1 if 0.1 <= percent <= 99.9 else 3
    return f"{percent:.{digits}f}%"


def rate(value: float | None) -> str:
    """Write a rate or another plain number with three significant figures."""
    return ABSENT if value is None else _three(value)


def count(value: int | None) -> str:
    """Write a whole number with thousands separated."""
    return ABSENT if value is None else f"{value:,}"


def counted(number: int, thing: str) -> str:
    """Write a number of things: `1 test case`, `2,000 requests`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def length(seconds: float) -> str:
    """Write a length of time: `8.3 s`, `5 min`, `1 h 02 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"


def moment(iso: str) -> str:
    """Write an ISO 8601 time for people, in UTC; what isn't one stays as it is."""
    try:
        time = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return iso
    return f"{time.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def clock(seconds: float) -> str:
    """Write a moment of a run as m:ss.t or h:mm:ss."""
    if seconds >= 3600:
        return str(timedelta(seconds=round(seconds)))
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def in_unit(value: float | None, unit: str) -> str:
    """Write a value in its unit: `ms`, `share`, or any other that is appended as it is."""
    if unit == "ms":
        return milliseconds(value)
    if unit == "share":
        return share(value)
    if value is None:
        return ABSENT
    return f"{_three(value)} {unit}".rstrip()


def limit(value: float, unit: str) -> str:
    """Write a limit as its author did: no zeros added, nothing rounded."""
    if unit == "share":
        return f"{value * 100:.10g}%"
    return f"{value:,.10g} {unit}".rstrip()


def expression(text: str, unit: str) -> str:
    """Write a threshold's expression with the unit of its limit: `p(95)<15000 ms`."""
    return f"{text} {unit}" if unit not in ("", "share") else text


def statistic_of(name: str, statistic: str) -> str:
    """Write what an objective is about: `Goodput`, `Time to first token p95`."""
    return name if statistic in ("", "share", "rate", "value") else f"{name} {statistic}"


def _three(value: float) -> str:
    size = abs(value)
    if size == 0 or size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"

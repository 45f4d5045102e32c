"""A rate limit as response headers tell of it.

Known forms: `X-RateLimit-Limit-Minute` and its like (Kong), `RateLimit-Policy: 100;w=60`,
`RateLimit-Limit: 100, 100;w=60` and `RateLimit: limit=100` (drafts of the IETF's httpapi group),
`x-ratelimit-limit-requests` (OpenAI and those that follow it), Anthropic's
`anthropic-ratelimit-requests-limit`, and `Retry-After` (RFC 9110, 10.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TOO_MANY = 429
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_EACH = {unit: f"an {unit}" if unit == "hour" else f"a {unit}" for unit in _UNITS}
_NUMBER = re.compile(r"\d{1,12}")
_WINDOW = re.compile(r"(\d{1,12})\s*;\s*w=(\d{1,9})|q=(\d{1,12})\s*;\s*w=(\d{1,9})")
# Those that don't say how long their window is.
_BARE = (
    "ratelimit-limit",
    "x-ratelimit-limit",
    "x-ratelimit-limit-requests",
    "anthropic-ratelimit-requests-limit",
)


@dataclass(frozen=True)
class RateLimit:
    """`requests` in `window_s` seconds; None: not told. `retry_after_s`: when to try again."""

    requests: int | None = None
    window_s: float | None = None
    retry_after_s: int | None = None

    @property
    def allowed(self) -> str:
        """Say what is allowed: `120 requests a minute`; empty when it isn't told."""
        if self.requests is None:
            return ""
        if self.window_s is None:
            return f"{self.requests} requests"
        unit = next((name for name, s in _UNITS.items() if s == self.window_s), None)
        return f"{self.requests} requests {_EACH[unit] if unit else f'in {self.window_s:g} s'}"

    @property
    def per_minute(self) -> float | None:
        """Return the requests that are allowed in a minute; None when that isn't told."""
        if self.requests is None or self.window_s is None:
            return None
        return self.requests * 60 / self.window_s

    def __str__(self) -> str:
        wait = "" if self.retry_after_s is None else f"retry after {self.retry_after_s} s"
        return "; ".join(part for part in (self.allowed, wait) if part)


def read_rate_limit(headers: Iterable[tuple[str, str]]) -> RateLimit:
    """Read what headers say of a limit; of several limits, the one that allows the least."""
    found: list[tuple[int, float | None]] = []
    retry: int | None = None
    for name, value in headers:
        lower = name.lower()
        unit = lower.removeprefix("x-ratelimit-limit-")
        if lower == "retry-after" and value.strip().isdigit():
            retry = int(value.strip()[:9])
        elif (
            lower.startswith("x-ratelimit-limit-") and (unit := lower.rpartition("-")[2]) in _UNITS
        ):
            found += [(int(number), _UNITS[unit]) for number in _NUMBER.findall(value)[:1]]
        elif lower.startswith("ratelimit") and (windows := _WINDOW.findall(value)):
            found += [(int(a or c), float(b or d)) for a, b, c, d in windows if float(b or d)]
        elif lower in _BARE or (lower == "ratelimit" and "limit=" in value):
            found += [(int(number), None) for number in _NUMBER.findall(value)[:1]]
    # A limit without its window says less than one with.
    windowed = sorted((entry for entry in found if entry[1]), key=lambda e: e[0] / (e[1] or 1))
    requests, window = next(iter([*windowed, *found]), (None, None))
    return RateLimit(requests, window, retry)

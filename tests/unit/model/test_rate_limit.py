"""What headers say of a rate limit, in the forms that servers use."""

from __future__ import annotations

import pytest

from janbench.model.http.rate_limit import read_rate_limit
from janbench.server.rate_limit import RateLimit

# Headers, and what they mean in words.
FORMS: dict[str, tuple[dict[str, str], str]] = {
    "kong": (
        {"RateLimit-Limit": "120", "RateLimit-Reset": "30", "X-RateLimit-Limit-Minute": "120"},
        "120 requests a minute",
    ),
    "kong with two windows": (
        {"X-RateLimit-Limit-Second": "5", "X-RateLimit-Limit-Hour": "1000"},
        "1000 requests an hour",
    ),
    "draft 06": ({"RateLimit-Limit": "100, 100;w=60"}, "100 requests a minute"),
    "draft 07": ({"RateLimit": "limit=100, remaining=50, reset=5"}, "100 requests"),
    "draft 08": ({"RateLimit-Policy": '"burst";q=50;w=10'}, "50 requests in 10 s"),
    "openai": (
        {"x-ratelimit-limit-requests": "60", "x-ratelimit-limit-tokens": "150000"},
        "60 requests",
    ),
    "anthropic": ({"anthropic-ratelimit-requests-limit": "50"}, "50 requests"),
    "cloudflare": ({"Retry-After": "30"}, "retry after 30 s"),
    "a date": ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, ""),
    "all of it": (
        {"retry-after": "7", "x-ratelimit-limit-minute": "2"},
        "2 requests a minute; retry after 7 s",
    ),
    "nonsense": ({"X-RateLimit-Limit-Minute": "many", "RateLimit-Policy": "1;w=0"}, ""),
    "none": ({"Content-Type": "text/plain"}, ""),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str) -> None:
    headers, words = FORMS[name]
    assert str(read_rate_limit(headers.items())) == words


def test_a_window_of_the_clock() -> None:
    limit = RateLimit(2)
    assert [limit.take(now)[0] for now in (0, 59, 59.9, 60, 61, 62)] == [
        *(True, True, False),
        *(True, True, False),
    ]
    assert ("Retry-After", "58") in limit.take(62)[1]

"""A limit on requests as Kong's plugin keeps it: so many in each minute of the clock."""

from __future__ import annotations

import time

from janbench.server.http.exchange import Headers

_WINDOW_S = 60


class RateLimit:
    """Counts the requests of all clients: on loopback they have one address.

    `limit` requests in a minute; 0: no limit.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._window = 0
        self._used = 0

    def take(self, now: float | None = None) -> tuple[bool, Headers]:
        """Count a request at a Unix time; return whether it may pass, and the headers that tell."""
        second = int(time.time() if now is None else now)
        window, passed = divmod(second, _WINDOW_S)
        if window != self._window:
            self._window, self._used = window, 0
        allowed = self._used < self.limit
        self._used += allowed
        left, reset = str(self.limit - self._used), str(_WINDOW_S - passed)
        headers = [
            ("RateLimit-Limit", str(self.limit)),
            ("RateLimit-Remaining", left),
            ("RateLimit-Reset", reset),
            ("X-RateLimit-Limit-Minute", str(self.limit)),
            ("X-RateLimit-Remaining-Minute", left),
        ]
        return allowed, [*headers, *([] if allowed else [("Retry-After", reset)])]

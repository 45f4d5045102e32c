"""The class of an answer: exactly one for each request, the gravest that applies."""

from __future__ import annotations

from typing import NamedTuple

from janbench.dialects import dialects

OK = "ok"
HTTP_ERROR = "http_error"
IN_BAND_ERROR = "in_band_error"
TOO_LARGE = "too_large"
TIMEOUT = "timeout"
STALLED = "stalled"
TRUNCATED = "truncated"
NOT_A_STREAM = "not_a_stream"
NOT_JSON = "not_json"
MALFORMED_FRAME = "malformed_frame"
NO_CONTENT = "no_content"
NO_FINISH_REASON = "no_finish_reason"
NO_DONE = "no_done"

PRECEDENCE = tuple(dialects().classes)
"""From gravest to none: what the server or the transport said about a failure comes before what
the frames lack because of it."""


class Verdict(NamedTuple):
    """A class of `PRECEDENCE` and a short reason without any body text.

    An ok needs none; with one, it says what could not be looked at.
    """

    kind: str
    detail: str = ""


class Found:
    """Collects what was found; `verdict` picks the gravest and the first reason given for it."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def add(self, kind: str, detail: str) -> None:
        """Note a class and the reason for it."""
        self._found.setdefault(kind, detail)

    def __contains__(self, kind: str) -> bool:
        return kind in self._found

    def verdict(self) -> Verdict:
        """Return the gravest class found, or ok."""
        for kind in PRECEDENCE:
            if kind in self._found:
                return Verdict(kind, self._found[kind])
        return Verdict(OK)

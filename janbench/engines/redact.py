"""Keeps secrets out of k6's log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_PATTERNS = (
    (re.compile(r"(?i)(bearer\s+)[^\s\"',;]+"), r"\1***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"\bsk[-_][\w-]{4,}"), "***"),
    (
        re.compile(
            r"(?i)((?:jan_refresh_token|refresh_token|access_token)[\"']?\s*[=:]\s*[\"']?)[^;\s\"',]+"
        ),
        r"\1***",
    ),
    (re.compile(r"(https?://)[^/\s@:]+:[^/\s@]+@"), r"\1***@"),
)


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that hides these values and everything that looks like a credential."""
    known = sorted((s for s in secrets if s), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "***")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    return redact

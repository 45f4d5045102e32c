"""The error shape of Jan Server v1: a fixed code for each place that fails."""

from __future__ import annotations

from janbench.server.http.exchange import Reply

COMMIT_FAILED = "a5a38af2-1605-4f58-a89c-fa3ff390d4db"
STREAM_FAILED = "bc82d69c-685b-4556-9d1f-2a4a80ae8ca4"
STREAM_TIMEOUT = "d41f0b2c-3e5a-47c8-8f1a-9b2c6d7e4a1f"


def error(status: int, code: str, text: str = "") -> Reply:
    """An error; its text is empty wherever the real handler records only an internal error."""
    return Reply.json({"code": code, "error": text}, status)

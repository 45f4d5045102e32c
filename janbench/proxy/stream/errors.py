"""Errors inside an answer: whether a frame is one, and its code where that may be shown."""

from __future__ import annotations

import re

from janbench.dialects import dialects
from janbench.proxy.stream.content import Json

_TABLE = dialects()
_ERROR_EVENTS = _TABLE.error_events
_ERROR_FIELDS = frozenset(_TABLE.error_fields)

# An error code may be shown; a message may quote the request. Words and UUIDs only.
_SAFE_CODE = re.compile(r"[a-z][a-z_]{1,39}|[0-9]{3}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_error(frame: Json, *names: str) -> bool:
    """Say whether a frame is an error; `names` are those of its event."""
    for name in names:
        if name in _ERROR_EVENTS:
            return True
    if says_something(frame.get("error")) or frame.get("object") == "error":
        return True
    response = frame.get("response")
    if isinstance(response, dict) and says_something(response.get("error")):
        return True
    return not frame.get("choices") and _odd_error(frame)


def error_code(frame: Json) -> str:
    """Return the error's code or type when it is a plain word or UUID, else an empty string."""
    places: list[Json] = [frame]
    for key in ("error", "data", "response"):
        inner = frame.get(key)
        if isinstance(inner, dict):
            places.insert(0, inner)
            if isinstance(inner.get("error"), dict):
                places.insert(0, inner["error"])
    for place in places:
        for key in ("code", "type"):
            value = place.get(key)
            if isinstance(value, int):
                value = str(value)
            if isinstance(value, str) and _SAFE_CODE.fullmatch(value):
                return value
    return ""


def says_something(error: object) -> bool:
    """Say whether an error value is more than an empty form: Jan v2 sends one with every answer."""
    if error is None:
        return False
    if isinstance(error, dict):
        return any(value not in ("", "0") and bool(value) for value in error.values())
    return bool(error)


def _odd_error(frame: Json) -> bool:
    if not _ERROR_FIELDS.isdisjoint(frame) and any(
        says_something(frame.get(name)) for name in _TABLE.error_fields
    ):
        return True
    base = frame.get("base_resp")  # MiniMax
    if isinstance(base, dict) and base.get("status_code") not in (None, 0, "0"):
        return True
    code = frame.get("code")
    return (
        code is not None
        and code not in ("", 0, "0", 200)
        and any(isinstance(frame.get(key), str) for key in ("message", "msg"))
        and "id" not in frame
    )

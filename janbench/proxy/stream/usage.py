"""Token counts that a server reports, wherever it puts them and whatever it calls them."""

from __future__ import annotations

from typing import NamedTuple

from janbench.dialects import dialects
from janbench.proxy.stream.content import Json, at

_TABLE = dialects().usage
_PLACES = _TABLE["places"]


class Usage(NamedTuple):
    """Token counts that the server reports; None where it doesn't."""

    input_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None = None

    def after(self, earlier: Usage | None) -> Usage:
        """Return these counts with the earlier ones where these are missing or zero."""
        if earlier is None:
            return self
        pairs = zip(self, earlier, strict=True)
        return Usage(*(new or (new if old is None else old) for new, old in pairs))


def read_usage(frame: Json) -> Usage | None:
    """Read the usage of a frame or reply; None when there is none."""
    for path in _PLACES:
        if path[0] not in frame:
            continue
        place = at(frame, path)
        if isinstance(place, dict):
            found = Usage(*(_count(place, name) for name in ("input", "output", "reasoning")))
            if found != (None, None, None):
                return found
    return None


def _count(usage: Json, name: str) -> int | None:
    for path in _TABLE[name]:
        value = at(usage, path)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15:
            return round(value)
    return None

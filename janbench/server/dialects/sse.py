"""Events with a name."""

from __future__ import annotations

from typing import Any

import orjson


def named_event(name: str, value: Any) -> bytes:
    """`event:` and `data:` lines and the blank line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(value))

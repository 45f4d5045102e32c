"""Data as JavaScript literals that a person likes to read."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 96


def literal(value: Any, indent: int = 0) -> str:
    """Return JSON text (pure ASCII, safe inside JavaScript) for a value that stands at `indent`.

    What fits on a line stays on one; keys keep their order. Raises TypeError for a value that JSON
    doesn't know.
    """
    flat = json.dumps(value)
    if len(flat) + indent <= _WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        entries = [f"{json.dumps(str(k))}: {literal(v, indent + 2)}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        entries = [literal(entry, indent + 2) for entry in value]
        opening, closing = "[", "]"
    lines = ",\n".join(inner + entry for entry in entries)
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"

"""Data as JavaScript literals that a person likes to read."""

from __future__ import annotations

import json
import re
from typing import Any

_WIDTH = 96
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def literal(value: Any, indent: int = 0, *, bare: bool = False) -> str:
    """Return JSON text (pure ASCII, safe inside JavaScript) for a value that stands at `indent`.

    What fits on a line stays on one; keys keep their order. `bare` leaves out the quotes of keys
    that are names, as JavaScript has it. Raises TypeError for a value that JSON doesn't know.
    """
    flat = _flat(value, bare)
    if len(flat) + indent <= _WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        entries = [
            f"{_key(k, bare)}: {literal(v, indent + 2, bare=bare)}" for k, v in value.items()
        ]
        opening, closing = "{", "}"
    else:
        entries = [literal(entry, indent + 2, bare=bare) for entry in value]
        opening, closing = "[", "]"
    end = "," if bare else ""
    lines = ",\n".join(inner + entry for entry in entries)
    return f"{opening}\n{lines}{end}\n{' ' * indent}{closing}"


def _flat(value: Any, bare: bool) -> str:
    if isinstance(value, dict) and value and bare:
        return f"{{ {', '.join(f'{_key(k, bare)}: {_flat(v, bare)}' for k, v in value.items())} }}"
    if isinstance(value, list | tuple) and bare:
        return f"[{', '.join(_flat(entry, bare) for entry in value)}]"
    whole = bare and isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value)


def _key(key: Any, bare: bool) -> str:
    text = str(key)
    if bare and text == "__proto__":
        return '["__proto__"]'  # a key like any other, not the object's prototype
    return text if bare and _NAME.fullmatch(text) else json.dumps(text)

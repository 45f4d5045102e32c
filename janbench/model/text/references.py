"""`${NAME}` and `${NAME:-default}` in texts; `$${NAME}` is the text `${NAME}` itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

REFERENCE = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""Its groups: a `$` for an escaped one, the name, the default (None without)."""


def names_in(value: Any) -> Iterator[str]:
    """Return the names that the texts of a value refer to, its keys aside."""
    if isinstance(value, str):
        yield from (found[2] for found in REFERENCE.finditer(value) if not found[1])
    elif isinstance(value, dict):
        for entry in value.values():
            yield from names_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from names_in(entry)

"""Texts in SQL."""

from __future__ import annotations

from pathlib import Path


def quoted(text: str | Path) -> str:
    """Return a text, or a path, as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"

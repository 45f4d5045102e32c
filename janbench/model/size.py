"""Amounts of memory as people write them: `64m`, `512k`, `1g`, or plain bytes."""

from __future__ import annotations

import re

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_size(text: str) -> int | None:
    """Return bytes; None for what is not an amount of at least one byte."""
    match = re.fullmatch(r"(\d{1,12})([kmg]?)(i?b)?", text.strip().lower(), re.ASCII)
    if match is None:
        return None
    return int(match[1]) * _UNITS[match[2]] or None

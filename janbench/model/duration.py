"""Lengths of time as people write them: `90s`, `5m`, `1h30m`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)"
_LONGEST_S = 7 * 24 * 3600.0


def seconds(value: Any) -> float:
    """Read a length such as `1m30s` as seconds.

    Raises ValueError for a number without a unit, since minutes and seconds are both usual, and for
    more than a week.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise ValueError(
            f"{value!r} is not a valid duration: give a unit, as in 500ms, 90s, 5m, 1h"
        )
    total = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    if total > _LONGEST_S:
        raise ValueError(f"{value} is longer than a week")
    return total


def at_least_a_second(value: Any) -> float:
    """Read a length that k6 accepts as that of a load."""
    length = seconds(value)
    if length < 1:
        raise ValueError(f"{value!r} is too short: k6 wants at least 1s")
    return length


_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h))+$"})
Duration = Annotated[float, BeforeValidator(at_least_a_second), _SCHEMA]
DurationOrZero = Annotated[float, BeforeValidator(seconds), _SCHEMA]


def format_duration(length_s: float) -> str:
    """Write seconds the way people say them: `1m30s`, `250ms`."""
    if length_s < 1:
        return f"{length_s * 1000:.0f}ms"
    whole, rest = divmod(length_s, 60)
    hours, minutes = divmod(int(whole), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    return "".join(parts) + (f"{rest:.4g}s" if rest or not whole else "")

"""JSON as servers write it: what is odd in a text is the server's text, not a broken frame."""

from __future__ import annotations

import json
from typing import Any

import orjson


def parse(text: bytes) -> Any:
    """Return the value; None if it isn't JSON (and for `null`).

    Lone surrogates, numbers beyond 64 bits and invalid UTF-8, which a server makes by cutting a
    character in two, are read as JavaScript reads them.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(
            text.decode("utf-8", "replace"), parse_constant=_refuse, parse_int=_number
        )
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)

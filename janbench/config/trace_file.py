"""Recorded arrivals: CSV or JSONL, with the columns of the traces that people publish."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from janbench.errors import ConfigError, Location
from janbench.model.load.arrivals import MOST_ARRIVALS
from janbench.model.load.profile import Arrival

# Lower-cased names of columns: ours, Mooncake's, BurstGPT's, Azure's.
_TIMES = ("at", "timestamp", "time", "arrival_time", "arrived_at", "seconds", "timestamp_ms")
_INPUTS = ("input_tokens", "input_length", "request tokens", "contexttokens", "prompt_tokens")
_OUTPUTS = ("output_tokens", "output_length", "response tokens", "generatedtokens",
            "completion_tokens")  # fmt: skip


def read_trace(file: Path, unit: Literal["auto", "s", "ms"]) -> tuple[Arrival, ...]:
    """Read a trace in order of time; raises ConfigError with the line that can't be used.

    `auto`: milliseconds for Mooncake's columns and for `timestamp_ms`, else seconds; a date with a
    time of day is one, too.
    """
    rows = _jsonl(file) if file.suffix.lower() in (".jsonl", ".json", ".ndjson") else _csv(file)
    arrivals = []
    for line, row in rows:
        arrivals.append(_arrival(row, Location(str(file), line, 1), unit))
        if len(arrivals) > MOST_ARRIVALS:
            raise ConfigError(f"more than {MOST_ARRIVALS:,} arrivals", where=str(file))
    if not arrivals:
        raise ConfigError("the trace holds no arrivals", where=str(file))
    return tuple(sorted(arrivals, key=lambda arrival: arrival.at))


def _csv(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"can't be read: {error}", where=str(file)) from None


def _jsonl(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with file.open(encoding="utf-8-sig") as opened:
            for number, line in enumerate(opened, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    where = Location(str(file), number, 1)
                    raise ConfigError("not a JSON object", where=where)
                yield number, row
    except json.JSONDecodeError as error:
        where = Location(str(file), number, error.colno)
        raise ConfigError(f"not JSON: {error.msg}", where=where) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", where=str(file)) from None


def _arrival(row: dict[str, Any], where: Location, unit: str) -> Arrival:
    named = {str(key).strip().lower(): value for key, value in row.items()}
    column = next((name for name in _TIMES if named.get(name) not in (None, "")), None)
    if column is None:
        raise ConfigError(
            "no column gives the time of an arrival",
            where=where,
            hint=f"Name it one of {', '.join(_TIMES)}.",
        )
    mooncake = "input_length" in named and "output_length" in named
    in_ms = unit == "ms" or (unit == "auto" and (column == "timestamp_ms" or mooncake))
    at = _seconds(named[column], where) / (1000 if in_ms else 1)
    return Arrival(at, _tokens(named, _INPUTS, where), _tokens(named, _OUTPUTS, where))


def _seconds(value: Any, where: Location) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        try:
            return datetime.fromisoformat(_micros(str(value).strip())).timestamp()
        except (ValueError, OverflowError):
            raise ConfigError(f"{value!r} is no time", where=where) from None
    if not math.isfinite(number) or number < 0:
        raise ConfigError(f"{value!r} is no time", where=where)
    return number


def _micros(text: str) -> str:
    """Cut a fraction to microseconds: Azure's traces have seven digits, Python takes six."""
    whole, point, fraction = text.partition(".")
    return f"{whole}{point}{fraction[:6]:0<6}" if point else text


def _tokens(row: dict[str, Any], names: tuple[str, ...], where: Location) -> int | None:
    given = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if given is None:
        return None
    try:
        count = int(float(given))
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{given!r} is no number of tokens", where=where) from None
    return min(max(1, count), 1_000_000)

"""Recorded arrivals: CSV or JSONL, with the columns of the traces that people publish."""

from __future__ import annotations

import contextlib
import csv
import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from janbench.errors import ConfigError, Location
from janbench.model.load.arrivals import MOST_ARRIVALS
from janbench.model.load.profile import Arrival

# Lower-cased names of columns: ours, Mooncake's, BurstGPT's, Azure's.
_DATE = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|z|[+-]\d\d:\d\d)?$")
_BEYOND_SECONDS = 1e11  # as milliseconds since 1970 this is 1973, as seconds the year 5138
_TIMES = ("at", "timestamp", "time", "arrival_time", "arrived_at", "seconds", "timestamp_ms")
_INPUTS = ("input_tokens", "input_length", "request tokens", "contexttokens", "prompt_tokens")
_OUTPUTS = ("output_tokens", "output_length", "response tokens", "generatedtokens",
            "completion_tokens")  # fmt: skip


def read_trace(
    file: Path, unit: Literal["auto", "s", "ms"], limit: int | None = None
) -> tuple[tuple[Arrival, ...], int]:
    """Read a trace in order of time, no further than `limit`; raises ConfigError at a bad line.

    Returns the arrivals and the number of rows left out, since their requests had failed: they have
    no output. `auto`: milliseconds for Mooncake's columns, for `timestamp_ms` and for times since
    1970 that would else lie beyond the year 5000; else seconds. A date with a time of day is a
    time, too, in UTC unless it says otherwise.
    """
    rows = _jsonl(file) if file.suffix.lower() in (".jsonl", ".json", ".ndjson") else _csv(file)
    arrivals: list[Arrival] = []
    failed = 0
    for line, row in rows:
        arrival = _arrival(row, Location(str(file), line, 1), unit)
        if arrival is None:
            failed += 1
            continue
        arrivals.append(arrival)
        if len(arrivals) == limit:
            break
        if len(arrivals) > MOST_ARRIVALS:
            hint = "Take the first of them with 'limit'."
            raise ConfigError(f"more than {MOST_ARRIVALS:,} arrivals", where=str(file), hint=hint)
    if not arrivals:
        raise ConfigError("the trace holds no arrivals", where=str(file))
    return tuple(sorted(arrivals, key=lambda arrival: arrival.at)), failed


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


def _arrival(row: dict[str, Any], where: Location, unit: str) -> Arrival | None:
    """Return a row's arrival; None for a request that failed."""
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
    at = _seconds(named[column], where)
    if in_ms or (unit == "auto" and at >= _BEYOND_SECONDS):
        at /= 1000
    given, made = _tokens(named, _INPUTS, where), _tokens(named, _OUTPUTS, where)
    if made == 0:
        return None
    return Arrival(at, None if given is None else max(1, given), made, _blocks(named, where))


def _blocks(row: dict[str, Any], where: Location) -> tuple[int, ...]:
    """Return Mooncake's `hash_ids`: what begins with the same ids begins with the same text."""
    given = row.get("hash_ids")
    if isinstance(given, str) and given.strip():  # a CSV's cell
        with contextlib.suppress(ValueError):
            given = json.loads(given)
    if given in (None, ""):
        return ()
    if not isinstance(given, list) or not all(type(number) is int for number in given):
        raise ConfigError("'hash_ids' is not a list of whole numbers", where=where)
    return tuple(given)


def _seconds(value: Any, where: Location) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        try:
            return _moment(str(value).strip())
        except (ValueError, OverflowError):
            raise ConfigError(f"{value!r} is not a valid time", where=where) from None
    if not math.isfinite(number) or number < 0:
        raise ConfigError(f"{value!r} is not a valid time", where=where)
    return number


def _moment(text: str) -> float:
    """Return the Unix time of a date; rows of one trace may have a fraction and a zone, or not."""
    found = _DATE.match(text)
    if found is None:
        raise ValueError(text)
    whole, fraction, zone = found.groups()
    hours = "+00:00" if zone in (None, "Z", "z") else zone
    moment = datetime.fromisoformat(f"{whole}{hours}")
    return moment.timestamp() + float(fraction or 0)


def _tokens(row: dict[str, Any], names: tuple[str, ...], where: Location) -> int | None:
    given = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if given is None:
        return None
    try:
        count = int(float(given))
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{given!r} is not a valid number of tokens", where=where) from None
    return min(max(0, count), 1_000_000)

"""Prompts out of files: text, JSON lines, CSV, Parquet, and ShareGPT's conversations."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from janbench.errors import ConfigError, Location, suggestion
from janbench.model.prompts import Prompt, Prompts
from janbench.model.text.sql import quoted
from janbench.render.prompts.conversations import body_of, read_conversation

_COLUMNS = ("messages", "prompt", "text", "content")

Rows = Iterator[tuple[Location, Any]]


def read_prompts(prompts: Prompts, file: Path) -> Iterator[Prompt]:
    """Return the prompts of a file; raises ConfigError with the line that can't be used."""
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise ConfigError(
            f"prompts can't be read from a {file.suffix or 'nameless'} file",
            where=str(file),
            hint=suggestion(file.suffix, _READERS),
        )
    for count, (where, row) in enumerate(_reading(reader(file), file)):
        if prompts.limit is not None and count >= prompts.limit:
            return
        yield _prompt(row, prompts.field, where)


def read_sharegpt(prompts: Prompts, file: Path) -> tuple[list[tuple[Prompt, str]], int]:
    """Return each conversation's prompt and the answer that was given to it (for its length).

    And how many conversations were left out, since they hold no question that was answered.
    """
    reader = {".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}.get(file.suffix.lower())
    found: list[tuple[Prompt, str]] = []
    left_out = 0
    for where, row in _reading((reader or _json)(file), file):
        if len(found) == prompts.limit:
            break
        conversation = read_conversation(row, prompts.take, where)
        if conversation is None:
            left_out += 1
        else:
            found.append(conversation)
    return found, left_out


def _reading(rows: Rows, file: Path) -> Rows:
    try:
        yield from rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"can't be read: {error}", where=str(file)) from None


def _txt(file: Path) -> Rows:
    with file.open(encoding="utf-8-sig") as opened:
        for number, line in enumerate(opened, 1):
            if line.strip():
                yield Location(str(file), number, 1), {"text": line.rstrip("\r\n")}


def _jsonl(file: Path) -> Rows:
    with file.open(encoding="utf-8-sig") as opened:
        for number, line in enumerate(opened, 1):
            if not line.strip():
                continue
            try:
                yield Location(str(file), number, 1), json.loads(line)
            except json.JSONDecodeError as error:
                where = Location(str(file), number, error.colno)
                raise ConfigError(f"not JSON: {error.msg}", where=where) from None


def _json(file: Path) -> Rows:
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        where = Location(str(file), error.lineno, error.colno)
        raise ConfigError(f"not JSON: {error.msg}", where=where) from None
    if not isinstance(rows, list):
        raise ConfigError("not a JSON list", where=str(file))
    for number, row in enumerate(rows, 1):
        yield Location(f"{file} (entry {number})"), row


def _csv(file: Path) -> Rows:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        for row in reader:
            yield Location(str(file), reader.line_num, 1), row


def _parquet(file: Path) -> Rows:
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT * FROM read_parquet({quoted(file)})")  # noqa: S608
            names = [column[0] for column in found.description or ()]
            number = 0
            while batch := found.fetchmany(10_000):
                for values in batch:
                    number += 1
                    where = Location(f"{file} (row {number})")
                    yield where, dict(zip(names, values, strict=True))
    except duckdb.Error as error:
        raise ConfigError(f"can't be read: {str(error).splitlines()[0]}", where=str(file)) from None


_READERS: dict[str, Callable[[Path], Rows]] = {
    ".txt": _txt, ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".csv": _csv,
    ".parquet": _parquet,
}  # fmt: skip


def _check_images(messages: Any, where: Location) -> None:
    """Refuse images outside of the folders of the prompts and of this process: data is no code."""
    for message in messages if isinstance(messages, list) else ():
        images = message.get("images") if isinstance(message, dict) else None
        for image in images if isinstance(images, list) else ():
            if not isinstance(image, str) or image.startswith(("http://", "https://", "data:")):
                continue
            folders = (Path(where.file).resolve().parent, Path.cwd().resolve())
            if not any(Path(image).resolve().is_relative_to(folder) for folder in folders):
                raise ConfigError(
                    f"the image {image!r} lies outside of the prompts' folder",
                    where=where,
                    hint="Put it beside the prompts, or send it as a data: URL.",
                )


def _prompt(row: Any, field: str | None, where: Location) -> Prompt:
    row = {"text": row} if isinstance(row, str) else body_of(row)
    if not isinstance(row, dict):
        raise ConfigError("not a prompt: neither a text nor an object", where=where)
    named = {str(key).strip(): value for key, value in row.items() if key is not None}
    column = field or next((name for name in _COLUMNS if named.get(name)), None)
    if column is None or named.get(column) in (None, ""):
        raise ConfigError(
            f"no column {column or ' or '.join(_COLUMNS)!r} with a prompt",
            where=where,
            hint="Name the column with 'field'.",
        )
    cell = named[column]
    _check_images(cell, where)
    data = {"messages": cell} if isinstance(cell, list) else {"text": str(cell)}
    extra = {
        key: named[key] for key in ("weight", "max_tokens") if named.get(key) not in (None, "")
    }
    try:
        return Prompt.model_validate({**data, **extra})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{key}: {first['msg']}", where=where) from None

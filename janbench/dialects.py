"""The table of dialects, `dialects.yaml`: what the frames of an LLM's answer mean.

The timing proxy reads frames by it, and scripts get it rendered as `lib/dialect_table.js`, so that
both readers say the same of an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("dialects.yaml")
NORMAL, CUT, FAILED, UNKNOWN = "normal", "cut", "failed", "unknown"

Fields = tuple[tuple[tuple[str, ...], str], ...]
"""Paths within a frame and the kind of content that stands there (`item`: as its type says)."""


@dataclass(frozen=True)
class Dialects:
    """The table, with paths split at their dots; see `dialects.yaml` for what each part means."""

    delta: dict[str, str]
    parts: dict[str, str]
    text_keys: tuple[str, ...]
    tool_call: tuple[tuple[str, ...], ...]
    events: dict[str, Fields]
    whole_events: dict[str, Fields]
    items: dict[str, str]
    ends: dict[str, dict[str, str]]
    error_events: frozenset[str]
    idle_events: frozenset[str]
    error_fields: tuple[str, ...]
    usage: dict[str, tuple[tuple[str, ...], ...]]
    reasons: dict[str, str]
    failed_words: frozenset[str]
    classes: dict[str, str]
    notes: dict[str, str]

    def meaning(self, reason: str) -> str:
        """Say what a finish reason means: normal, cut, failed, unknown; empty if it is none."""
        if not reason.strip():
            return ""
        found = [self._meaning_of(part) for part in (reason, *reason.split(":"))]
        for meaning in (FAILED, CUT, NORMAL, "none"):
            if meaning in found:
                return "" if meaning == "none" else meaning
        return UNKNOWN

    def _meaning_of(self, reason: str) -> str:
        listed = self.reasons.get(plain(reason))
        if listed is None and self.failed_words.intersection(_WORD.findall(reason.lower())):
            return FAILED
        return listed or ""


_WORD = re.compile(r"[a-z]+")
_SEPARATOR = re.compile(r"[^a-z0-9]+")


def plain(reason: str) -> str:
    """Return a finish reason without case and separators: `Stop-Sequence` is `stopsequence`."""
    return _SEPARATOR.sub("", reason.lower())


def raw_table() -> dict[str, Any]:
    """Read `dialects.yaml` as it stands."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(FILE.read_bytes(), loader)  # noqa: S506  # both are safe
    return loaded


@lru_cache(maxsize=1)
def dialects() -> Dialects:
    """Return the table."""
    raw = raw_table()
    finish = raw["finish"]
    return Dialects(
        delta=raw["delta"],
        parts=raw["parts"],
        text_keys=(*raw["text_keys"], *raw["media_keys"]),
        tool_call=_paths(raw["tool_call"]),
        events={name: _fields(fields) for name, fields in raw["events"].items()},
        whole_events={name: _fields(fields) for name, fields in raw["whole_events"].items()},
        items=raw["items"],
        ends=raw["ends"],
        error_events=frozenset(raw["error_events"]),
        idle_events=frozenset(raw["idle_events"]),
        error_fields=tuple(raw["error_fields"]),
        usage={
            name: _paths(raw["usage"][name]) for name in ("places", "input", "output", "reasoning")
        },
        reasons=finish_reasons(finish),
        failed_words=frozenset(finish["failed_words"]),
        classes=raw["classes"],
        notes=raw["notes"],
    )


def finish_reasons(finish: dict[str, list[str]]) -> dict[str, str]:
    """Map the plain form of each listed finish reason to what it means."""
    return {
        plain(reason): meaning
        for meaning in ("none", NORMAL, CUT, FAILED)
        for reason in finish[meaning]
    }


def _paths(paths: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in paths)


def _fields(fields: dict[str, str]) -> Fields:
    return tuple((tuple(path.split(".")), kind) for path, kind in fields.items())

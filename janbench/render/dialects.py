"""The table of dialects as JavaScript: what the scripts need of it."""

from __future__ import annotations

import json
from typing import Any

from janbench.dialects import finish_reasons, raw_table

FILE = "lib/dialect_table.js"
_TAKEN = (
    "delta", "parts", "text_keys", "media_keys", "tool_call", "events", "whole_events", "items",
    "ends", "error_events", "idle_events", "error_fields", "usage",
)  # fmt: skip


def dialect_table() -> str:
    """Return a module whose function makes the table: a virtual user that reads none has none."""
    raw = raw_table()
    table: dict[str, Any] = {name: raw[name] for name in _TAKEN}
    table["reasons"] = finish_reasons(raw["finish"])
    table["failed_words"] = raw["finish"]["failed_words"]
    lines = [f"  {name}: {json.dumps(part)}," for name, part in table.items()]
    return "\n".join(
        [
            "// What the frames of an LLM's answer mean, from janbench's dialects.yaml.",
            "",
            "export const table = () => ({",
            *lines,
            "});",
            "",
            "// Classes of answers, the gravest first, and kinds of notes.",
            f"export const CLASSES = {json.dumps(list(raw['classes']))};",
            f"export const NOTES = {json.dumps(list(raw['notes']))};",
            "",
        ]
    )

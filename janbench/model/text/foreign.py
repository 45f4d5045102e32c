"""Text of others (a target, a container, a file's name) made safe for terminals, CI and files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# Control characters but newline and tab; marks that turn the direction of text or hide in it; line
# separators that some readers take for a new line; halves of a character pair.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# What a CI system takes for a command: `::name ...::` (GitHub, at the start of a line, also of one
# that a terminal breaks), `##[name]` (GitHub, Azure) and `##vso[`, `##teamcity[`.
_COMMAND = re.compile(
    r"^(\s*):(?=:)|:(?=:(?:[a-z]+(?:-[a-z]+)+|error|warning|notice|debug|group|endgroup|echo)\b)",
    re.MULTILINE | re.IGNORECASE,
)
_OTHER_COMMAND = re.compile(r"##(?=\w*\[)")


def plain_text(text: str) -> str:
    """Return a text in which nothing commands a terminal or a CI system.

    What could is shown as an escape such as `\\x1b`, or gets a space into it.
    """
    shown = _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))
    shown = _COMMAND.sub(lambda match: f"{match[1] or ''}: ", shown)
    return _OTHER_COMMAND.sub("# #", shown)


def one_line(text: str) -> str:
    """Return a safe text without line breaks: for names, and for lines of a log."""
    return plain_text(text.replace("\r\n", "\n").replace("\n", "\\n"))


def for_all(value: Any, change: Callable[[str], str]) -> Any:
    """Return nested data with every text changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): for_all(entry, change) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [for_all(entry, change) for entry in value]
    return value


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else "?"


_LONE = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """Return a text with U+FFFD for halves of surrogate pairs, which UTF-8 can't hold."""
    return _LONE.sub("\ufffd", text)

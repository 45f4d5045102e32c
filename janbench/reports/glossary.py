"""The words of a report, out of `docs/glossary.md`."""

from __future__ import annotations

import re

from janbench import resources

_ROW = re.compile(r"^\| (?!word |---)(.+?) \| (.+) \|$", re.MULTILINE)
_LINK = re.compile(r" ?\(\[[^\]]*\]\([^)]*\)\)")


def glossary() -> list[tuple[str, str]]:
    """Return each word with its meaning, as plain text, in the page's order."""
    page = resources.glossary().read_text(encoding="utf-8")
    plain = _LINK.sub("", page).replace("`", "")
    return [(word, meaning) for word, meaning in _ROW.findall(plain)]

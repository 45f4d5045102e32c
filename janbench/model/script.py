"""A rendered script: the files that k6 needs, as text."""

from __future__ import annotations

from dataclasses import dataclass

HEADER = "// Rendered by janbench "


@dataclass(frozen=True)
class Script:
    """A script and everything that it opens; `files` maps relative paths to texts."""

    name: str
    main: str
    files: dict[str, str]

"""A rendered script: the files that k6 needs, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER = "// Rendered by janbench "


@dataclass(frozen=True)
class Script:
    """A script and everything that it opens; `files` maps relative paths to texts.

    `modes` are the permissions of those whose source others may not read.
    """

    name: str
    main: str
    files: dict[str, str]
    modes: Mapping[str, int] = field(default_factory=dict)


def case_name(given: str) -> str:
    """Return the test case that is meant: `NAME`, `NAME.js` or `src/NAME.js`."""
    return given.replace("\\", "/").rsplit("/", 1)[-1][:-3] if given.endswith(".js") else given

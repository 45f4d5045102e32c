"""A rendered script: the files that k6 needs, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HEADER = "// Rendered by janbench "


@dataclass(frozen=True)
class Script:
    """A script and everything that it opens; `files` maps relative paths to texts.

    `modes` are the permissions of those whose source others may not read. `notes` say what was
    left out of the prompts. `asked`: by step, the mean length of its prompts in tokens, where it
    is known.
    """

    name: str
    main: str
    files: dict[str, str]
    modes: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    asked: Mapping[str, float] = field(default_factory=dict)


def case_name(given: str) -> str:
    """Return the test case that is meant: `NAME`, `NAME.js` or `src/NAME.js`."""
    return given.replace("\\", "/").rsplit("/", 1)[-1][:-3] if given.endswith(".js") else given

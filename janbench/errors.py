"""Everything that janbench raises on purpose.

    JanbenchError
    |-- ConfigError      exit 2   flags, environment, .env, scenarios.yaml
    |-- EngineError      exit 3   k6 or a container could not run the script
    |-- TargetError      exit 3   the API under test is unreachable or refuses the login
    `-- CompanionError   exit 3   a process of ours (timing proxy, embedded server) failed

Each says what is wrong, where, and what to do next; the command line prints that and exits with
the code of the class. Nothing else is caught there: any other exception is a defect of janbench.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class JanbenchError(Exception):
    """Base of the tree: `message` says what, `where` says where, `hint` says what next."""

    exit_code = 3

    def __init__(
        self, message: str, *, where: Location | str | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n{self.hint}" if self.hint else head


class ConfigError(JanbenchError):
    """The user's input can't be used as it stands."""

    exit_code = 2


class EngineError(JanbenchError):
    """The engine (k6, Docker) failed before or while it ran the script."""


class TargetError(JanbenchError):
    """The API under test can't be tested: unreachable, login refused, model unknown."""


class CompanionError(JanbenchError):
    """A helper process of ours didn't start or died."""


def suggestion(wrong: str, valid: Iterable[str]) -> str:
    """Say which valid name is nearest to a wrong one, else list them all."""
    names = sorted(valid)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"Valid are: {', '.join(names)}."

"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from janbench.errors import ConfigError

Function = TypeVar("Function", bound=Callable[..., Any])

scenarios_option = click.option(
    "--scenarios",
    "scenario_file",
    metavar="FILE",
    help="Scenario file.  [default: ./scenarios.yaml, else the one that comes with janbench]",
)

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override any key: scenarios.NAME.load.rate=5.",
)


def assignments(values: tuple[str, ...], option: str = "-e") -> dict[str, str]:
    """Read `KEY=VALUE` arguments; raises ConfigError for anything else."""
    pairs = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise ConfigError(f"{option} takes KEY=VALUE, not {value.split('=')[0]!r}")
        pairs[key] = text
    return pairs

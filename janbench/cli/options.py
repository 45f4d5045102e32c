"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from janbench.errors import ConfigError
from janbench.model.size import parse_size
from janbench.service.binding import exposure


class _SizeType(click.ParamType[int]):
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = value if isinstance(value, int) else parse_size(value)
        if size is None:
            self.fail(f"{value!r} is not an amount such as 64m or 512k", param, ctx)
        return size


max_response_option = click.option(
    "--max-response",
    type=_SizeType(),
    default="64m",
    show_default=True,
    metavar="SIZE",
    envvar="JANBENCH_MAX_RESPONSE",
    help="Largest response that the timing proxy passes to k6.  [JANBENCH_MAX_RESPONSE]",
)

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


def warn_if_exposed(host: str, what: str) -> None:
    """Warn on standard error when a service listens where other machines can reach it."""
    warning = exposure(host, what)
    if warning:
        click.secho(warning, fg="yellow", err=True)


def assignments(values: tuple[str, ...], option: str = "-e") -> dict[str, str]:
    """Read `KEY=VALUE` arguments; raises ConfigError for anything else."""
    pairs = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise ConfigError(f"{option} takes KEY=VALUE, not {value.split('=')[0]!r}")
        pairs[key] = text
    return pairs

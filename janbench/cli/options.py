"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

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
    metavar="SIZE",
    help="Largest response that the timing proxy passes on.  [JANBENCH_MAX_RESPONSE; 64m]",
)

if TYPE_CHECKING:
    from janbench.config.untrusted import Untrusted

Function = TypeVar("Function", bound=Callable[..., Any])

scenarios_option = click.option(
    "--scenarios",
    "scenario_file",
    metavar="FILE",
    help="Scenario file.  [default: ./scenarios.yaml, else the one that comes with janbench]",
)


def untrusted_options(command: Function) -> Function:
    """Add the options that `rules_of` reads."""
    for option in (
        click.option("--allow-var", "allowed", multiple=True, metavar="NAME",
                     help="With --untrusted: a variable that scenarios may have."),
        click.option("--untrusted", is_flag=True,
                     help="The scenario file is from others: only its own folder, no secrets."),
    ):  # fmt: skip
        command = option(command)
    return command


def rules_of(
    untrusted: bool, allowed: Iterable[str], environment: Mapping[str, str]
) -> tuple[Untrusted | None, dict[str, str]]:
    """Return the rules of `--untrusted`, if asked for, and the environment under them.

    Raises ConfigError for `--allow-var` without `--untrusted`.
    """
    from janbench.config.untrusted import Untrusted

    names = list(allowed)
    if not untrusted:
        if names:
            raise ConfigError("--allow-var goes with --untrusted")
        return None, dict(environment)
    rules = Untrusted.allowing(names)
    return rules, rules.environment(environment)


overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override any key: scenarios.NAME.load.rate=5.",
)


def max_response(given: int | None, environment: Mapping[str, str]) -> int:
    """Return the bytes of the largest response; raises ConfigError for a bad variable."""
    text = environment.get("JANBENCH_MAX_RESPONSE") or "64m"
    size = parse_size(text)
    if size is None:
        raise ConfigError(f"JANBENCH_MAX_RESPONSE is not an amount such as 64m: {text!r}")
    return given or size


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

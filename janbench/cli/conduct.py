"""Running what was asked: the observer, the output and the exit code of every verb that runs."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from janbench.cli.options import assignments
from janbench.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from rich.console import Console

    from janbench.model.limits import ValidityLimits
    from janbench.model.results.result import RunResult
    from janbench.pipeline.request import RunRequest

_Command = TypeVar("_Command", bound=Callable[..., Any])


def judging_options(command: _Command) -> _Command:
    """Add the options that `limits_of` reads."""
    for option in (
        click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE",
                     help="When a measurement is invalid: proxy_lag_p99_ms=5, proxy_cpu=0.9, "
                     "rate_shortfall=0.05, schedule_lag_p99_ms=50, start_skew_s=2."),
        click.option("--allow-invalid", is_flag=True,
                     help="Doubts about the measurement only warn."),
        click.option("--allow-drops", is_flag=True,
                     help="Dropped iterations don't make a run invalid."),
    ):  # fmt: skip
        command = option(command)
    return command


def output_options(command: _Command) -> _Command:
    """Add the options that `conduct` reads, and where the results go to."""
    for option in (
        click.option("-v", "--verbose", is_flag=True,
                     help="Show k6's log; tracebacks for errors."),
        click.option("-q", "--quiet", is_flag=True, help="Print only the result."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--results", metavar="DIR", default="results", show_default=True,
                     help="Where to."),
    ):  # fmt: skip
        command = option(command)
    return command


def conduct(request: RunRequest, options: dict[str, Any]) -> tuple[RunResult, Console]:
    """Run what was asked, showing how it goes; gives the result and the console."""
    from rich.console import Console

    from janbench.pipeline.run import run
    from janbench.reports.terminal.live import ConsoleListener

    console = Console(stderr=options["as_json"], soft_wrap=False)
    observer = ConsoleListener(console, quiet=options["quiet"], verbose=options["verbose"])
    signal.signal(signal.SIGTERM, _interrupt)
    result = run(request, observer)
    if request.environment.get("GITHUB_ACTIONS") == "true":
        from janbench.reports.github import workflow_commands

        click.echo(workflow_commands(result), nl=False, err=options["as_json"])
    if options["as_json"]:
        click.echo(result.to_json(), nl=False)
    return result, console


def limits_of(options: dict[str, Any]) -> ValidityLimits:
    """Read the limits of a valid measurement; raises ConfigError for what is none."""
    from janbench.model.limits import ValidityLimits

    names = [n for n, f in ValidityLimits.model_fields.items() if f.annotation is float]
    limits: dict[str, Any] = {name: options[name] for name in ("allow_drops", "allow_invalid")}
    for name, text in assignments(options["limits"], option="--limit").items():
        if name not in names:
            raise ConfigError(f"--limit: unknown limit {name!r}", hint=suggestion(name, names))
        try:
            limits[name] = float(text)
        except ValueError:
            limits[name] = -1.0
        if not limits[name] >= 0:
            raise ConfigError(f"--limit {name} takes a number of at least 0, not {text!r}")
    return ValidityLimits(**limits)


def command_line() -> tuple[str, ...]:
    """Return the command line for the result, less what `-e` and `--set` give: it may be secret."""
    kept: list[str] = []
    for argument in sys.argv[1:]:
        after_e = bool(kept) and kept[-1] in ("-e", "--env", "--set")
        kept.append(f"{argument.split('=')[0]}=***" if after_e else _without_value(argument))
    return tuple(kept)


def _without_value(argument: str) -> str:
    """Hide what `-eKEY=VALUE`, `--env=KEY=VALUE` and `--set=KEY=VALUE` give."""
    joined = re.match(r"(-e[^-=]|--env=|--set=)([^=]*)=", argument)
    return f"{joined[0]}***" if joined else argument


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

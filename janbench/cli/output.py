"""Where a report goes: a file, or standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import click

from janbench.config.environment import read_environment
from janbench.errors import ConfigError
from janbench.model.text.foreign import plain_text
from janbench.model.text.secret import redactor, secret_values
from janbench.pipeline.writing import replace_text

Function = TypeVar("Function", bound=Callable[..., Any])

output_option = click.option(
    "-o", "--output", metavar="FILE", help="Write it there; -: to standard output."
)


def write_out(text: str, output: str | None) -> None:
    """Write a report to a file, saying where it is, or to standard output.

    Raises ConfigError when the file can't be written.
    """
    if output in (None, "-"):
        click.echo(text, nl=False)
        return
    assert output is not None
    try:
        click.echo(replace_text(Path(output), text))
    except OSError as error:
        raise unwritable(error, output) from None


def unwritable(error: OSError, where: str) -> ConfigError:
    """Return the error that says where nothing can be written, and why."""
    return ConfigError(
        f"can't be written: {error.strerror}", where=where, hint="Name another with -o FILE."
    )


def shown(text: str) -> str:
    """Return a message that may quote others, safe for a terminal and without secrets."""
    try:
        environment = read_environment()
    except ConfigError:  # it is about `.env` itself
        environment = {}
    for option, pair in pairwise(sys.argv):
        if option in ("-e", "--env"):
            name, _, value = pair.partition("=")
            environment[name] = value
    return plain_text(redactor(secret_values(environment))(text))

"""`janbench validate`: is everything in order, before any load?"""

from __future__ import annotations

import click

from janbench.cli.options import overrides_option, rules_of, scenarios_option, untrusted_options
from janbench.cli.output import shown


@click.command("validate")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--k6", metavar="PATH", help="The k6 to use.  [JANBENCH_K6]")
@scenarios_option
@overrides_option
@untrusted_options
def validate(
    *,
    names: tuple[str, ...],
    k6: str | None,
    scenario_file: str | None,
    overrides: tuple[str, ...],
    untrusted: bool,
    allowed: tuple[str, ...],
) -> None:
    """Check the scenarios, render them, load each script in k6, and say what would happen."""
    from janbench.config.environment import read_environment
    from janbench.pipeline.request import RunRequest
    from janbench.pipeline.selection.validation import validate as validate_all

    rules, environment = rules_of(untrusted, allowed, read_environment())
    request = RunRequest(
        names=names,
        everything=not names,
        scenario_file=scenario_file,
        overrides=overrides,
        environment=environment,
        untrusted=rules,
        k6=k6,
    )
    for line in validate_all(request):
        click.echo(shown(line))

"""`janbench list`: the test cases."""

from __future__ import annotations

import json

import click

from janbench.cli.options import rules_of, scenarios_option, untrusted_options
from janbench.model.text.foreign import plain_text


@click.command("list")
@scenarios_option
@untrusted_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(
    scenario_file: str | None, as_json: bool, untrusted: bool, allowed: tuple[str, ...]
) -> None:
    """List the test cases: scenarios, and hand-written scripts in src/."""
    from janbench.config.environment import read_environment
    from janbench.pipeline.selection.catalogue import catalogue

    rules, environment = rules_of(untrusted, allowed, read_environment())
    found = catalogue(scenario_file, environment, untrusted=rules)
    if as_json:
        rows = [
            {
                "name": name,
                "kind": "scenario",
                "source": str(found.source),
                "description": scenario.description,
                "steps": scenario.step_ids(),
            }
            for name, scenario in found.scenarios.items()
        ]
        rows += [
            {"name": name, "kind": "script", "source": str(path), "description": "", "steps": []}
            for name, path in found.scripts.items()
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo(f"Test cases in {found.source}:")
    for name, scenario in found.scenarios.items():
        click.echo(f"  {name}")
        click.echo(click.wrap_text(plain_text(scenario.description), 80, "      ", "      "))
    if found.scripts:
        click.echo("Hand-written scripts:")
        for name, path in found.scripts.items():
            click.echo(plain_text(f"  {name}  ({path})"))

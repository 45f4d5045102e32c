"""`janbench render`: scenarios as k6 scripts."""

from __future__ import annotations

from pathlib import Path

import click

from janbench.cli.options import overrides_option, rules_of, scenarios_option, untrusted_options


@click.command("render")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-o", "--output", default="src", metavar="DIR", help="Where to.  [default: src]")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file differs.")
@scenarios_option
@overrides_option
@untrusted_options
def render(
    *,
    names: tuple[str, ...],
    output: str,
    check: bool,
    scenario_file: str | None,
    overrides: tuple[str, ...],
    untrusted: bool,
    allowed: tuple[str, ...],
) -> int:
    """Write scenarios (all, without a NAME) as k6 scripts that run without janbench.

    BASE=http://127.0.0.1:8787 SINGLE_RUN=true k6 run src/test-completion-standard.js
    """
    from janbench.config.environment import read_environment
    from janbench.config.flavours import load_flavours
    from janbench.config.scenario_file import find_scenario_file, load_scenarios
    from janbench.render.script import render as render_script
    from janbench.render.writer import differing, write_scripts

    rules, environment = rules_of(untrusted, allowed, read_environment())
    listed = load_scenarios(find_scenario_file(scenario_file), environment, overrides, rules)
    scenarios = listed.named(names) if names else list(listed.scenarios.values())
    flavours, source, folder = load_flavours(), listed.source.name, Path(output)
    scripts = [render_script(scenario, flavours, source) for scenario in scenarios]
    if check:
        different = differing(scripts, folder)
        for path in different:
            click.echo(f"differs: {path}")
        if different:
            click.echo("Run 'janbench render' to bring them up to date.")
        return 1 if different else 0
    for path in write_scripts(scripts, folder):
        click.echo(f"wrote {path}")
    return 0

"""`janbench runs`: what is in the results' folder; `janbench runs prune`: less of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

results_option = click.option(
    "--results", metavar="DIR", default="results", show_default=True, help="Where from."
)


@click.group("runs", invoke_without_command=True)
@results_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def runs(context: click.Context, results: str, as_json: bool) -> int:
    """List the runs, the newest first."""
    context.obj = results
    if context.invoked_subcommand is None:
        _list(Path(results), as_json=as_json)
    return 0


@runs.command("prune")
@click.option(
    "--keep", type=click.IntRange(0), required=True, metavar="N", help="How many stay: the newest."
)
@click.option("--results", metavar="DIR", help="Where.  [default: results]")
@click.pass_context
def prune(context: click.Context, keep: int, results: str | None) -> int:
    """Remove all runs but the newest."""
    from janbench.results.run_store import prune as remove

    removed = remove(Path(results or str(context.obj)), keep)
    for folder in removed:
        click.echo(f"removed {folder}")
    click.echo(f"{len(removed)} runs removed")
    return 0


def _list(root: Path, *, as_json: bool) -> None:
    from janbench.reports.runs_table import print_runs, run_rows
    from janbench.results.run_store import list_runs

    stored = [(run.folder, run.run, run.problem) for run in list_runs(root)]
    if as_json:
        click.echo(json.dumps([row._asdict() for row in run_rows(stored)], indent=2))
        return
    if not stored:
        click.echo(f"No runs in {root}. Start one: janbench run")
        return
    from rich.console import Console

    print_runs(run_rows(stored), Console(highlight=False))

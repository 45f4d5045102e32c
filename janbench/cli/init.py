"""`janbench init`: something to start from."""

from __future__ import annotations

from pathlib import Path

import click

from janbench.errors import ConfigError


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("--flavour", default="jan-v1", show_default=True, metavar="NAME", help="Your server.")
def init(folder: str, flavour: str) -> None:
    """Write a commented scenarios.yaml, .env.example and a workflow for CI into DIR.

    A file that is there already is left alone.
    """
    from janbench.config.flavours import flavour_named
    from janbench.render.starter import starter

    for name, text in starter(flavour, flavour_named(flavour)).items():
        target = Path(folder) / name
        if target.exists():
            click.echo(f"left alone: {target} (it is there already)")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise ConfigError(f"can't be written: {error.strerror}", where=str(target)) from None
        click.echo(f"wrote {target}")
    click.echo("Next: janbench run smoke --demo" if folder == "." else f"Next: cd {folder}")

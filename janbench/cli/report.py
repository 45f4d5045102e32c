"""`janbench report`: a run's reports, made anew from its result and its records."""

from __future__ import annotations

import io
from pathlib import Path

import click

from janbench.cli.output import output_option, unwritable, write_out
from janbench.pipeline.reporting import LoadedRun

FORMATS = ("terminal", "html", "junit", "markdown", "json", "all")


@click.command("report")
@click.argument("reference", metavar="RUN", default="latest")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="terminal",
    show_default=True,
    help="Which report; all: report.html, junit.xml and summary.md, into the run's folder.",
)
@output_option
@click.option("--results", metavar="DIR", default="results", show_default=True, help="Where from.")
def report(reference: str, form: str, output: str | None, results: str) -> int:
    """Report a run: a run's id, the beginning of one, `latest`, a folder or a result.json.

    Without -o, html goes to report.html in the run's folder, all else to the terminal.
    """
    from janbench.pipeline.reporting import load_run, write_reports

    loaded = load_run(reference, Path(results))
    if form == "all":
        try:
            written = write_reports(loaded.run, loaded.folder)
        except OSError as error:
            raise unwritable(error, str(loaded.folder)) from None
        for path in written.values():
            click.echo(path)
        return 0
    default = str(loaded.folder / "report.html") if form == "html" else None
    write_out(_text(loaded, form), output or default)
    return 0


def _text(loaded: LoadedRun, form: str) -> str:
    from janbench.pipeline.reporting import write_run_html

    out = io.StringIO()
    if form == "html":
        write_run_html(loaded, out)
    elif form == "junit":
        from janbench.reports.junit import junit

        return junit(loaded.run)
    elif form == "markdown":
        from janbench.reports.markdown import markdown

        return markdown(loaded.run)
    elif form == "json":
        return loaded.run.to_json()
    else:
        return _terminal(loaded)
    return out.getvalue()


def _terminal(loaded: LoadedRun) -> str:
    from rich.console import Console

    from janbench.reports.console import print_run

    console = Console(highlight=False)
    with console.capture() as capture:
        print_run(loaded.run, loaded.folder, console)
    return capture.get()

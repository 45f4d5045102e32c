"""`janbench report`: a run's reports, made anew from its result and its records."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click

from janbench.cli.output import output_option, unwritable, write_out
from janbench.errors import ConfigError
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
@click.option(
    "--from-prometheus", "prometheus", metavar="URL", help="Rebuild the result from there."
)
@click.option("--testid", metavar="ID", help="With --from-prometheus: the run's testid.")
def report(reference: str, form: str, output: str | None, **options: Any) -> int:
    """Report a run: a run's id, the beginning of one, `latest`, a folder or a result.json.

    Without -o, html goes to report.html in the run's folder, all else to the terminal.
    """
    from janbench.pipeline.reporting import load_run, write_reports

    prometheus: str | None = options["prometheus"]
    if prometheus:
        loaded = _from_prometheus(prometheus, options["testid"])
        if form in ("html", "all") and output is None:
            raise ConfigError("this run has no folder", hint="Say where to with -o FILE.")
    else:
        loaded = load_run(reference, Path(options["results"]))
    if form == "all" and not prometheus:
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


def _from_prometheus(url: str, testid: str | None) -> LoadedRun:
    from janbench.config.environment import read_environment
    from janbench.results.prometheus.rebuild import Source, result_from_prometheus

    if not testid:
        raise ConfigError("--from-prometheus needs --testid", hint="It is in result.json: testid.")
    environment = read_environment()
    user = environment.get("K6_PROMETHEUS_RW_USERNAME", "")
    password = environment.get("K6_PROMETHEUS_RW_PASSWORD", "")
    credentials = (user, password) if user else None
    # There are no records: the folder only stands for where they would be.
    return LoadedRun(result_from_prometheus(Source(url, testid, credentials)), Path(testid))


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

    from janbench.reports.terminal.console import print_run

    console = Console(highlight=False)
    with console.capture() as capture:
        print_run(loaded.run, loaded.folder, console)
    return capture.get()

"""`janbench report`: a run's reports, made anew from its result and its records."""

from __future__ import annotations

from pathlib import Path

import click

from janbench.cli.output import output_option, unwritable, write_out
from janbench.errors import ConfigError
from janbench.pipeline.formats import REPORTS
from janbench.pipeline.reporting import LoadedRun, load_run
from janbench.pipeline.writing import write_reports

FORMATS = (*REPORTS, "all")


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
@click.option("--results", metavar="DIR", default="results", show_default=True, help="Where from.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option(
    "--from-prometheus", "prometheus", metavar="URL", help="Rebuild the result from there."
)
@click.option("--testid", metavar="ID", help="With --from-prometheus: the run's testid.")
def report(
    *,
    reference: str,
    form: str,
    output: str | None,
    results: Path,
    prometheus: str | None,
    testid: str | None,
) -> int:
    """Report a run: a run's id, the beginning of one, `latest`, a folder or a result.json.

    Without -o, html goes to report.html in the run's folder, all else to the terminal.
    """
    if prometheus:
        loaded = _from_prometheus(prometheus, testid)
        if form in ("html", "all") and output is None:
            raise ConfigError("this run has no folder", hint="Say where to with -o FILE.")
    else:
        loaded = load_run(reference, results)
    if form == "all" and not prometheus:
        try:
            written = write_reports(loaded.run, loaded.folder)
        except OSError as error:
            raise unwritable(error, str(loaded.folder)) from None
        for path in written.values():
            click.echo(path)
        return 0
    default = str(loaded.folder / "report.html") if form == "html" else None
    write_out(REPORTS[form](loaded), output or default)
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

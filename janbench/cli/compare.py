"""`janbench compare`: is HEAD worse than BASE?"""

from __future__ import annotations

from pathlib import Path

import click

from janbench.cli.output import output_option, write_out
from janbench.errors import ConfigError
from janbench.pipeline.formats import COMPARISONS
from janbench.pipeline.reporting import compare_runs, load_run


@click.command("compare")
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="HEAD", default="latest")
@click.option(
    "--margin",
    "margins",
    multiple=True,
    metavar="FIGURE=SIZE",
    help="How much doesn't matter: ttft_ms.p95=5%, ttft_ms=5%, error_rate=0.5%.",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="FIGURE",
    help="Only these decide the exit code: ttft_ms.p50, e2e_ms, error_rate.",
)
@click.option("--allow-invalid", is_flag=True, help="Judge runs too that couldn't be trusted.")
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(COMPARISONS)),
    default="terminal",
    show_default=True,
    help="How to show it.",
)
@output_option
@click.option("--results", metavar="DIR", default="results", show_default=True, help="Where from.",
              type=click.Path(path_type=Path))  # fmt: skip
def compare(
    *,
    base: str,
    head: str,
    margins: tuple[str, ...],
    gates: tuple[str, ...],
    allow_invalid: bool,
    form: str,
    output: str | None,
    results: Path,
) -> int:
    """Compare run HEAD with run BASE: ids, beginnings of ids, `latest`, folders, result.json files.

    Exit codes: 0 not worse; 5 worse; 6 inconclusive; 2 usage.
    """
    from janbench.results.compare.options import figure_names

    runs = load_run(base, results), load_run(head, results)
    deciding = frozenset(name for gate in gates for name in figure_names(gate))
    found = compare_runs(
        *runs,
        _margins(margins),
        deciding or None,
        allow_invalid=allow_invalid,
    )
    if form == "html" and output is None:
        output = str(runs[1].folder / f"comparison-with-{runs[0].run.run_id}.html")
    write_out(COMPARISONS[form](found, *runs), output)
    return found.exit_code


def _margins(values: tuple[str, ...]) -> dict[str, float]:
    from janbench.results.compare.options import figure_names

    margins: dict[str, float] = {}
    for value in values:
        name, equals, size = value.partition("=")
        if not equals:
            raise ConfigError(f"--margin takes FIGURE=SIZE, such as ttft_ms.p95=5%, not {value!r}")
        margins.update(dict.fromkeys(figure_names(name.strip()), _size(size.strip(), value)))
    return margins


def _size(text: str, whole: str) -> float:
    """Read `5%`, `0.5pp` or `0.05`."""
    number = text.removesuffix("pp").removesuffix("%").strip()
    try:
        size = float(number) / (1 if number == text else 100)
    except ValueError:
        size = -1.0
    if not 0 < size < 10:
        raise ConfigError(f"--margin {whole}: the size is like 5%, 0.5pp or 0.05, and above 0")
    return size

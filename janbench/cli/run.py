"""`janbench run`: test cases, run and judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janbench.cli.conduct import (
    command_line,
    conduct,
    judging_options,
    limits_of,
    output_options,
)
from janbench.cli.options import (
    assignments,
    max_response,
    max_response_option,
    overrides_option,
    rules_of,
    scenarios_option,
    untrusted_options,
)
from janbench.cli.output import shown

if TYPE_CHECKING:
    from rich.console import Console

    from janbench.model.results.result import RunResult
    from janbench.pipeline.request import RunRequest


@click.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Run all test cases.")
@click.option("--single", is_flag=True, default=None, help="Every step once, instead of load.")
@click.option("--base", metavar="URL", help="Target.  [BASE]")
@click.option("--model", metavar="NAME", help="Model.  [MODEL]")
@click.option("--flavour", metavar="NAME", help="Kind of server.  [FLAVOUR]")
@click.option("--duration", metavar="TIME", help="Minutes (0.2), or 90s, 5m.  [DURATION_MIN]")
@click.option(
    "--nonstream-rps", metavar="RATE", help="Iterations/s, whole answers.  [NONSTREAM_RPS]"
)
@click.option("--stream-rps", metavar="RATE", help="Iterations/s, streams; 0: none.  [STREAM_RPS]")
@click.option(
    "--debug", is_flag=True, default=None, help="Requests and responses in k6.log.  [DEBUG]"
)
@click.option("-e", "--env", "pairs", multiple=True, metavar="KEY=VALUE", help="Set a variable.")
@click.option(
    "--interleave",
    nargs=2,
    metavar="BASE_URL HEAD_URL",
    help="Run two targets in alternating blocks and compare them: exit 0, 5 or 6.",
)
@click.option("--demo", is_flag=True, help="Start the embedded Jan Server and aim at it.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "local", "docker", "kubernetes"]),
    default="auto",
    show_default=True,
    help="What runs k6.",
)
@click.option("--instances", type=click.IntRange(1, 64), default=1, metavar="N",
              help="Local, kubernetes: k6 that share the load.")  # fmt: skip
@click.option("--k6", metavar="PATH", help="The k6 to use.  [JANBENCH_K6]")
@click.option("--image", metavar="NAME", help="Docker, kubernetes: image that holds k6.")
@click.option("--cpus", type=float, metavar="N", help="Docker: processors for k6.")
@click.option("--memory", metavar="SIZE", help="Docker: memory for k6, such as 512m.")
@click.option(
    "--timing",
    type=click.Choice(["auto", "proxy", "direct"]),
    default="auto",
    show_default=True,
    help="Time streamed events in a proxy, or let k6 talk to the target directly.",
)
@click.option("--proxy-workers", type=click.IntRange(1, 64), default=1, help="Timing processes.")
@click.option(
    "--insecure-skip-tls-verify", "insecure", is_flag=True, help="Accept any certificate."
)
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust these CA certificates (PEM), too.  [SSL_CERT_FILE]",
)
@max_response_option
@judging_options
@click.option("--skip-preflight", is_flag=True, help="Don't look at the target first.")
@click.option(
    "--testid", metavar="ID", help="Tag of this run in Prometheus.  [default: the run's id]"
)
@click.option("--dashboard", is_flag=True, help="Open k6's own web dashboard while it runs.")
@click.option(
    "--prometheus", metavar="URL", help="Push metrics there.  [K6_PROMETHEUS_RW_SERVER_URL]"
)
@click.option("--native-histograms", is_flag=True, help="Push Trends as native histograms.")
@click.option("--otel", metavar="ENDPOINT", help="Push metrics to an OpenTelemetry collector.")
@click.option("--trace", is_flag=True, help="Send a W3C traceparent with every request.")
@scenarios_option
@overrides_option
@untrusted_options
@click.option("--dry-run", is_flag=True, help="Say what would run, and do nothing.")
@output_options
def run(**options: Any) -> int:
    """Run test cases and judge them.

    Exit codes: 0 pass; 1 fail; 2 usage or configuration; 3 engine or target; 4 invalid measurement;
    130 interrupted.
    """
    request = _request(options)
    if options["dry_run"]:
        return _dry_run(request)
    result, console = conduct(request, options)
    if request.interleave is not None and result.verdict not in ("error", "interrupted"):
        return _compare(result, request, console)
    return int(result.exit_code)


def _compare(result: RunResult, request: RunRequest, console: Console) -> int:
    from janbench.pipeline.interleaving.conclude import conclude
    from janbench.reports.compare_terminal import print_comparison

    assert request.interleave is not None
    folder = request.results / result.run_id
    allow = request.limits.allow_invalid
    comparison = conclude(result, folder, request.interleave, allow_invalid=allow)
    print_comparison(comparison, console)
    console.print(f"Comparison {folder / 'comparison.html'}", soft_wrap=True, highlight=False)
    return comparison.exit_code


def _request(options: dict[str, Any]) -> RunRequest:
    from janbench.config.environment import read_environment
    from janbench.config.settings import Flags
    from janbench.pipeline.request import RunRequest

    flags = (
        "base",
        "model",
        "flavour",
        "duration",
        "nonstream_rps",
        "stream_rps",
        "single",
        "debug",
    )
    pairs = assignments(options["pairs"])
    allowed = (*options["allowed"], *(pairs if options["untrusted"] else ()))
    rules, environment = rules_of(options["untrusted"], allowed, {**read_environment(), **pairs})
    given = ("names", "everything", "scenario_file", "overrides", "engine", "instances", "k6",
             "image", "cpus", "memory", "timing", "demo", "testid", "skip_preflight",
             "proxy_workers", "insecure", "ca_file", "prometheus",
             "native_histograms", "otel", "trace", "interleave", "dashboard")  # fmt: skip
    return RunRequest(
        flags=Flags(**{name: options[name] for name in flags}),
        environment=environment,
        max_response=max_response(options["max_response"], environment),
        pairs=pairs,
        untrusted=rules,
        results=Path(options["results"]),
        limits=limits_of(options),
        command=command_line(),
        **{name: options[name] for name in given},
    )


def _dry_run(request: RunRequest) -> int:
    from janbench.pipeline.selection.forecast import forecast

    for line in forecast(request):
        click.echo(shown(line))
    return 0

"""`janbench run`: test cases, run and judged."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from janbench.cli.options import assignments, overrides_option, scenarios_option
from janbench.errors import ConfigError, suggestion


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
    type=click.Choice(["auto", "local", "docker"]),
    default="auto",
    show_default=True,
    help="What runs k6.",
)
@click.option("--instances", type=click.IntRange(1, 64), default=1, metavar="N",
              help="Local: k6 processes that share the load.")  # fmt: skip
@click.option("--k6", metavar="PATH", help="The k6 to use.  [JANBENCH_K6]")
@click.option("--image", metavar="NAME", help="Docker: image that holds k6.")
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
@click.option("--allow-drops", is_flag=True, help="Dropped iterations don't make a run invalid.")
@click.option("--allow-invalid", is_flag=True, help="Doubts about the measurement only warn.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help="When a measurement is invalid: proxy_lag_p99_ms=5, proxy_cpu=0.9, rate_shortfall=0.05, "
    "schedule_lag_p99_ms=50.",
)
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
@click.option("--results", metavar="DIR", default="results", show_default=True, help="Where to.")
@click.option("--dry-run", is_flag=True, help="Say what would run, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the result.")
@click.option("-v", "--verbose", is_flag=True, help="Show k6's log; tracebacks for errors.")
def run(**options: Any) -> int:
    """Run test cases and judge them.

    Exit codes: 0 pass; 1 fail; 2 usage or configuration; 3 engine or target; 4 invalid measurement;
    130 interrupted.
    """
    from rich.console import Console

    from janbench.pipeline.run import run as run_pipeline
    from janbench.reports.live import ConsoleListener

    request = _request(options)
    if options["dry_run"]:
        return _dry_run(request)
    console = Console(stderr=options["as_json"], soft_wrap=False)
    listener = ConsoleListener(console, quiet=options["quiet"], verbose=options["verbose"])
    signal.signal(signal.SIGTERM, _interrupt)
    result = run_pipeline(request, listener)
    if request.environment.get("GITHUB_ACTIONS") == "true":
        from janbench.reports.github import workflow_commands

        click.echo(workflow_commands(result), nl=False, err=options["as_json"])
    if options["as_json"]:
        click.echo(result.to_json(), nl=False)
    if request.interleave is not None and result.verdict not in ("error", "interrupted"):
        return _compare(result, request, console)
    return result.exit_code


def _compare(result: Any, request: Any, console: Any) -> int:
    from janbench.pipeline.interleave import conclude
    from janbench.reports.compare_terminal import print_comparison

    folder = request.results / result.run_id
    allow = request.limits.allow_invalid
    comparison = conclude(result, folder, request.interleave, allow_invalid=allow)
    print_comparison(comparison, console)
    console.print(f"Comparison {folder / 'comparison.html'}", soft_wrap=True, highlight=False)
    return comparison.exit_code


def _request(options: dict[str, Any]) -> Any:
    from janbench.config.environment import read_environment
    from janbench.config.settings import Flags
    from janbench.model.limits import ValidityLimits
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
    given = ("names", "everything", "scenario_file", "overrides", "engine", "instances", "k6",
             "image", "cpus", "memory", "timing", "demo", "testid", "skip_preflight",
             "proxy_workers", "insecure", "prometheus", "native_histograms", "otel", "trace",
             "interleave", "dashboard")  # fmt: skip
    return RunRequest(
        flags=Flags(**{name: options[name] for name in flags}),
        environment={**read_environment(), **assignments(options["pairs"])},
        results=Path(options["results"]),
        limits=ValidityLimits(
            **_limits(options["limits"]),
            allow_drops=options["allow_drops"],
            allow_invalid=options["allow_invalid"],
        ),
        command=tuple(_without_values(sys.argv[1:])),
        **{name: options[name] for name in given},
    )


def _limits(values: tuple[str, ...]) -> dict[str, Any]:
    """Read `NAME=VALUE` of `--limit`; raises ConfigError for an unknown name or no number."""
    from janbench.model.limits import ValidityLimits

    names = [n for n, f in ValidityLimits.model_fields.items() if f.annotation is float]
    limits: dict[str, Any] = {}
    for name, text in assignments(values, option="--limit").items():
        if name not in names:
            raise ConfigError(f"--limit: unknown limit {name!r}", hint=suggestion(name, names))
        try:
            limits[name] = float(text)
        except ValueError:
            limits[name] = -1.0
        if not limits[name] >= 0:
            raise ConfigError(f"--limit {name} takes a number of at least 0, not {text!r}")
    return limits


def _without_values(arguments: list[str]) -> list[str]:
    """Keep the command line for the result, less what `-e` and `--set` give: it may be secret."""
    kept: list[str] = []
    for argument in arguments:
        after_e = bool(kept) and kept[-1] in ("-e", "--env", "--set")
        kept.append(f"{argument.split('=')[0]}=***" if after_e else argument)
    return kept


def _dry_run(request: Any) -> int:
    from janbench.pipeline.forecast import forecast

    for line in forecast(request):
        click.echo(line)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

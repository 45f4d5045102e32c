"""`janbench k8s`: test cases on a Kubernetes cluster that has k6-operator."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from janbench.cli.conduct import command_line, conduct, judging_options, limits_of, output_options
from janbench.cli.options import (
    assignments,
    overrides_option,
    rules_of,
    scenarios_option,
    untrusted_options,
)

if TYPE_CHECKING:
    from janbench.pipeline.request import RunRequest

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FLAGS = ("base", "model", "flavour", "duration", "nonstream_rps", "stream_rps")


@click.group("k8s")
def k8s() -> None:
    """Test cases on a Kubernetes cluster that has k6-operator."""


def _test_options(command: _Command) -> _Command:
    """Add what `run` and `render` have in common: the test, its load and its pods."""
    for option in reversed((
        click.option("--parallelism", type=click.IntRange(1, 100), default=1, show_default=True,
                     help="Runners that share the load."),
        click.option("--namespace", metavar="NAME", default="", help="Namespace of the objects."),
        click.option("--image", metavar="IMAGE",
                     help="Image of the runners.  [default: pinned k6]"),
        click.option("--janbench-image", metavar="IMAGE",
                     help="Image of the timing proxy.  [default: janbench:<version>]"),
        click.option("--secret", metavar="NAME", default="janbench", show_default=True,
                     help="Secret with API_KEY and the like."),
        click.option("--separate", is_flag=True, help="Never two runners on a node."),
        click.option("--cpu", default="500m", show_default=True,
                     help="Processors a runner asks for."),
        click.option("--memory", default="1Gi", show_default=True, help="Memory of a runner."),
        click.option("--base", metavar="URL", help="Target, as the cluster sees it.  [BASE]"),
        click.option("--model", metavar="NAME", help="Model.  [MODEL]"),
        click.option("--flavour", metavar="NAME", help="Kind of server.  [FLAVOUR]"),
        click.option("--duration", metavar="TIME",
                     help="Minutes (0.2), or 90s, 5m.  [DURATION_MIN]"),
        click.option("--nonstream-rps", metavar="RATE", help="Of all runners.  [NONSTREAM_RPS]"),
        click.option("--stream-rps", metavar="RATE", help="Of all runners.  [STREAM_RPS]"),
        click.option("--timing", type=click.Choice(["auto", "proxy", "direct"]), default="auto",
                     show_default=True, help="Timing proxy beside each runner, or none."),
        click.option("-e", "--env", "pairs", multiple=True, metavar="KEY=VALUE",
                     help="Set a variable."),
        click.option("--insecure-skip-tls-verify", "insecure", is_flag=True,
                     help="Accept any certificate."),
        click.option("--testid", metavar="ID", help="Tag of this run in Prometheus."),
        click.option("--k6", metavar="PATH", help="The k6 that packs the test.  [JANBENCH_K6]"),
        scenarios_option,
        overrides_option,
        untrusted_options,
    )):  # fmt: skip
        command = option(command)
    return command


@k8s.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Run all test cases.")
@_test_options
@click.option("--single", is_flag=True, default=None, help="Every step once, instead of load.")
@click.option("--context", metavar="NAME", default="", help="Cluster, of those in the kubeconfig.")
@click.option("--start-timeout", type=click.FloatRange(min=1), default=300.0, show_default=True,
              metavar="S", help="Seconds for the runners to come up.")  # fmt: skip
@judging_options
@output_options
def run(**options: Any) -> int:
    """Run test cases on the cluster and judge them.

    The load is that of all runners together: each takes its share, and the result is that of all.
    Nothing of the test stays in the cluster. Exit codes are those of 'janbench run'.
    """
    request = _request(
        options,
        names=options["names"],
        everything=options["everything"],
        engine="kubernetes",
        limits=limits_of(options),
        results=Path(options["results"]),
        command=command_line(),
    )
    result, _ = conduct(request, options)
    return int(result.exit_code)


@k8s.command("render")
@click.argument("name")
@_test_options
@click.option("--claim", metavar="NAME", default="", help="Volume for a test over 1 MB.")
@click.option("-o", "--output", metavar="DIR", default="k8s", show_default=True, help="Where to.")
def render(**options: Any) -> int:
    """Write a test case as objects for k6-operator.

    The load is that of all runners together: each takes its share.
    """
    from janbench.pipeline.cluster.manifests import render_cluster

    written = render_cluster(_request(options, names=(options["name"],)), Path(options["output"]))
    namespace = f" --namespace {options['namespace']}" if options["namespace"] else ""
    click.echo(f"wrote {written.manifest}")
    if written.archive is not None:
        click.echo(f"wrote {written.archive}: put it on the volume as test.tar")
    click.echo(f"Secret {options['secret']}, all keys optional: {', '.join(written.secret_keys)}")
    click.echo(f"Start it: kubectl apply{namespace} -f {written.manifest}")
    return 0


@k8s.command("sidecar", hidden=True)
@click.option("--records", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--k6-address", required=True, metavar="HOST:PORT")
@click.option("--target", metavar="URL")
@click.option("--listen", metavar="HOST:PORT")
@click.option("--insecure-skip-tls-verify", "insecure", is_flag=True)
def sidecar(
    *, records: Path, k6_address: str, target: str | None, listen: str | None, insecure: bool
) -> int:
    """Run beside the k6 of a pod: the timing proxy, and the way home for what is measured.

    'janbench k8s run' puts it there; what it prints is for that.
    """
    from janbench.pipeline.cluster.sidecar import run_sidecar

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    proxy = ["--target", target, "--listen", listen or "127.0.0.1:0"] if target else []
    if target and insecure:
        proxy.append("--insecure-skip-tls-verify")
    run_sidecar(records, k6_address, proxy, _write, stop)
    return 0


@k8s.command("await-proxy", hidden=True)
@click.option("--address", required=True, metavar="HOST:PORT")
def await_proxy(*, address: str) -> int:
    """Wait until the timing proxy of this pod listens."""
    from janbench.pipeline.cluster import sidecar as beside

    beside.await_proxy(address)
    return 0


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _request(options: dict[str, Any], **more: Any) -> RunRequest:
    from janbench.config.environment import read_environment
    from janbench.config.settings import Flags
    from janbench.model.cluster import ClusterOptions, Resources
    from janbench.pipeline.request import RunRequest

    pairs = assignments(options["pairs"])
    environment = {**read_environment(), **pairs}
    allowed = (*options["allowed"], *(pairs if options["untrusted"] else ()))
    rules, environment = rules_of(options["untrusted"], allowed, environment)
    images = {name: options[name] for name in ("image", "janbench_image") if options[name]}
    given = {
        theirs: options[ours]
        for ours, theirs in (
            *((name, name) for name in ("namespace", "secret", "separate", "claim", "context")),
            ("start_timeout", "start_timeout_s"),
        )
        if ours in options
    }
    return RunRequest(
        scenario_file=options["scenario_file"],
        overrides=options["overrides"],
        flags=Flags(single=options.get("single"), **{name: options[name] for name in _FLAGS}),
        environment=environment,
        untrusted=rules,
        pairs=pairs,
        insecure=options["insecure"],
        instances=options["parallelism"],
        k6=options["k6"],
        timing=options["timing"],
        testid=options["testid"],
        cluster=ClusterOptions(
            resources=Resources(options["cpu"], options["memory"]), **given, **images
        ),
        **more,
    )

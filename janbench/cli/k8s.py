"""`janbench k8s`: test cases for a Kubernetes cluster that has k6-operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from janbench.cli.options import scenarios_option


@click.group("k8s")
def k8s() -> None:
    """Test cases for a Kubernetes cluster that has k6-operator."""


@k8s.command("render")
@click.argument("name")
@click.option("--parallelism", type=click.IntRange(1, 1000), default=1, show_default=True,
              help="Runners that share the load.")  # fmt: skip
@click.option("--namespace", metavar="NAME", default="", help="Namespace of the objects.")
@click.option("--image", metavar="IMAGE", help="Image of the runners.  [default: pinned k6]")
@click.option("--janbench-image", metavar="IMAGE", help="Image of the timing proxy.")
@click.option("--secret", metavar="NAME", default="janbench", show_default=True,
              help="Secret with API_KEY and the like.")  # fmt: skip
@click.option("--claim", metavar="NAME", default="", help="Volume for a test over 1 MB.")
@click.option("--separate", is_flag=True, help="Never two runners on a node.")
@click.option("--cpu", default="500m", show_default=True, help="Processors a runner asks for.")
@click.option("--memory", default="1Gi", show_default=True, help="Memory of a runner.")
@click.option("--base", metavar="URL", help="Target, as the cluster sees it.  [BASE]")
@click.option("--model", metavar="NAME", help="Model.  [MODEL]")
@click.option("--flavour", metavar="NAME", help="Kind of server.  [FLAVOUR]")
@click.option("--duration", metavar="TIME", help="Minutes (0.2), or 90s, 5m.  [DURATION_MIN]")
@click.option("--nonstream-rps", metavar="RATE", help="Of all runners.  [NONSTREAM_RPS]")
@click.option("--stream-rps", metavar="RATE", help="Of all runners.  [STREAM_RPS]")
@click.option("--timing", type=click.Choice(["auto", "proxy", "direct"]), default="auto",
              show_default=True, help="Timing proxy beside each runner, or none.")  # fmt: skip
@click.option("--testid", metavar="ID", help="Tag of this run in Prometheus.")
@click.option("--k6", metavar="PATH", help="The k6 that packs the test.  [JANBENCH_K6]")
@scenarios_option
@click.option("-o", "--output", metavar="DIR", default="k8s", show_default=True, help="Where to.")
def render(**options: Any) -> int:
    """Write a test case as objects for k6-operator.

    The load is that of all runners together: each takes its share.
    """
    from janbench.pipeline.cluster import render_cluster

    written = render_cluster(_request(options), _cluster(options), Path(options["output"]))
    namespace = f" --namespace {options['namespace']}" if options["namespace"] else ""
    click.echo(f"wrote {written.manifest}")
    if written.archive is not None:
        click.echo(f"wrote {written.archive}: put it on the volume as test.tar")
    click.echo(f"Secret {options['secret']}, all keys optional: {', '.join(written.secret_keys)}")
    click.echo(f"Start it: kubectl apply{namespace} -f {written.manifest}")
    return 0


def _request(options: dict[str, Any]) -> Any:
    from janbench.config.environment import read_environment
    from janbench.config.settings import Flags
    from janbench.pipeline.request import RunRequest

    flags = ("base", "model", "flavour", "duration", "nonstream_rps", "stream_rps")
    return RunRequest(
        names=(options["name"],),
        scenario_file=options["scenario_file"],
        flags=Flags(**{name: options[name] for name in flags}),
        environment=read_environment(),
        k6=options["k6"],
        timing=options["timing"],
        testid=options["testid"],
    )


def _cluster(options: dict[str, Any]) -> Any:
    from janbench.engines.kubernetes_manifests import Resources
    from janbench.pipeline.cluster import ClusterRequest

    images = {name: options[name] for name in ("image", "janbench_image") if options[name]}
    plain = ("parallelism", "namespace", "secret", "claim", "separate")
    return ClusterRequest(
        resources=Resources(options["cpu"], options["memory"]),
        **{name: options[name] for name in plain},
        **images,
    )

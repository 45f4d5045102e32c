"""`janbench proxy`: the timing proxy by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from janbench.cli.options import max_response as max_response_of
from janbench.cli.options import max_response_option, warn_if_exposed
from janbench.config.connecting import refuse_forward_proxy
from janbench.config.environment import TAIL_KEY, read_environment
from janbench.errors import ConfigError
from janbench.proxy.http.target import TlsOptions, parse_target
from janbench.proxy.message.limits import Limits
from janbench.proxy.process.serve import serve
from janbench.proxy.process.worker import ProxyOptions
from janbench.service.binding import address, ready_line


@click.command()
@click.option("--target", required=True, metavar="URL", help="Base URL of the API under test.")
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where clients connect; port 0 takes a free one.",
)
@click.option(
    "--records",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for records-N.jsonl (one line a request) and stats.json.",
)
@click.option("--insecure-skip-tls-verify", is_flag=True, help="Accept any certificate.")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust these CA certificates (PEM), too.",
)
@click.option(
    "--proxy-workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share the port.",
)
@click.option(
    "--connect-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds until an unreachable target is answered with 504.",
)
@click.option(
    "--stall-timeout",
    type=click.FloatRange(min=0),
    default=150.0,
    show_default=True,
    metavar="S",
    help="Seconds of silence after which a stream is ended as stalled; 0 waits forever.",
)
@click.option(
    "--tail",
    type=click.Choice(["auto", "always"]),
    default="auto",
    show_default=True,
    help="Append timings to streams of scripts that ask for them (auto) or to all.",
)
@click.option(
    "--head-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=Limits.head,
    show_default=True,
    metavar="S",
    help="Seconds from the first to the last byte of a head, on both sides.",
)
@click.option(
    "--idle-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=Limits.idle,
    show_default=True,
    metavar="S",
    help="Seconds after which a client's connection without a request is closed.",
)
@click.option(
    "--clock",
    type=click.Choice(["auto", "loop"]),
    default="auto",
    show_default=True,
    help="Time events by the kernel where it tells when bytes came (auto), or when they are read.",
)
@max_response_option
@click.option("--ready-json", is_flag=True, help="Print one JSON line once it listens.")
@click.option("--exit-with-stdin", is_flag=True, help="Stop when standard input ends.")
def proxy(
    *,
    target: str,
    listen: str,
    records: Path | None,
    insecure_skip_tls_verify: bool,
    ca_file: Path | None,
    proxy_workers: int,
    connect_timeout: float,
    stall_timeout: float,
    tail: str,
    clock: str,
    head_timeout: float,
    idle_timeout: float,
    max_response: int | None,
    ready_json: bool,
    exit_with_stdin: bool,
) -> None:
    """Start the timing proxy by itself.

    Point a client at it instead of the target: each event of a stream is timestamped as it
    arrives. Runs until SIGTERM or Ctrl-C.
    """
    host, port = _address(listen)
    environment = read_environment()
    largest = max_response_of(max_response, environment)
    options = ProxyOptions(
        target=parse_target(target),
        host=host,
        port=port,
        records=records,
        tls=TlsOptions(verify=not insecure_skip_tls_verify, ca_file=ca_file),
        workers=proxy_workers,
        connect_timeout=connect_timeout,
        stall_timeout=stall_timeout,
        limits=Limits(response=largest, head=head_timeout, idle=idle_timeout),
        kernel_time=clock == "auto",
        tail_always=tail == "always",
        tail_secret=environment.get(TAIL_KEY, "").encode(),
    )

    refuse_forward_proxy(target, environment)
    warn_if_exposed(host, f"it passes anyone's requests on to {options.target.url}")

    def on_ready(host: str, port: int) -> None:
        if ready_json:
            click.echo(ready_line(host, port))
        else:
            click.echo(f"Timing proxy: http://{address(host, port)} -> {options.target.url}")
        sys.stdout.flush()

    serve(options, on_ready, lifeline=sys.stdin.fileno() if exit_with_stdin else None)


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(
            f"{listen!r} is not an address",
            where="--listen",
            hint="Write HOST:PORT, such as 127.0.0.1:0 or [::1]:9090.",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)

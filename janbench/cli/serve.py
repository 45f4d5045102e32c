"""`janbench serve`: the embedded Jan Server."""

from __future__ import annotations

from typing import Any

import click

from janbench.cli.options import warn_if_exposed
from janbench.server.faults import FAULTS, FaultRule, parse_fault
from janbench.server.generation.distributions import RandomVariable, parse_distribution
from janbench.server.options import FLAVOURS, JAN_DEFAULT_KEY, ServerOptions
from janbench.server.running import Listening, run
from janbench.service.binding import address, ready_line


class _DistributionType(click.ParamType[RandomVariable]):
    name = "dist"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> RandomVariable:
        del ctx
        if isinstance(value, RandomVariable):
            return value
        return parse_distribution(value, option=param.opts[0] if param else "")


class _FaultType(click.ParamType[FaultRule]):
    name = "name[=rate]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> FaultRule:
        del param, ctx
        return value if isinstance(value, FaultRule) else parse_fault(value)


_DIST = _DistributionType()


def _list_faults(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    width = max(len(name) for name in FAULTS)
    for fault in FAULTS.values():
        click.echo(f"{fault.name:{width}}  {fault.summary}")
    ctx.exit()


@click.command("serve", context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=int, default=8787, help="Port to listen on; 0: any free one.")
@click.option("--flavour", default="jan-v1", help=f"Server to imitate: {', '.join(FLAVOURS)}.")
@click.option("--model", "models", multiple=True, help="Model to offer; repeatable.  [jan-v1-4b]")
@click.option("--seed", type=int, default=0, help="Seed of texts, delays and faults.")
@click.option("--ttft-ms", type=_DIST, default="200", help="Time to the first token.")
@click.option("--itl-ms", type=_DIST, default="20", help="Gap between tokens; 0: all at once.")
@click.option("--tokens", type=_DIST, default="64", help="Tokens of an answer, below max_tokens.")
@click.option("--reasoning-tokens", type=_DIST, default="0", help="Reasoning before the answer.")
@click.option("--finalize-ms", type=_DIST, default="0", help="From the end marker to the end.")
@click.option("--slots", type=int, default=0, help="Generations at once, others wait; 0: all.")
@click.option("--slowdown", type=float, default=0.0, help="Gaps grow by this share at full slots.")
@click.option("--stream-limit", type=float, help="Longest stream, seconds.  [120; jan-v2: 600]")
@click.option("--rate-limit", type=int, default=0, help="Requests a minute on /v1; 0: no limit.")
@click.option("--api-key", help=f"Key to accept.  [{JAN_DEFAULT_KEY}; openai: none needed]")
@click.option("--token-ttl", type=int, default=900, help="Lifetime of an access token, in seconds.")
@click.option("--server-version", default="v0.0.12-embedded", help="Version to report.")
@click.option("--queue-header", is_flag=True, help="Send X-Queue-Time (no real server does).")
@click.option("--fault", "faults", type=_FaultType(), multiple=True, help="Fault; repeatable.")
@click.option("--list-faults", is_flag=True, is_eager=True, expose_value=False,
              callback=_list_faults, help="List the faults and exit.")  # fmt: skip
@click.option("--fault-from", type=int, default=0, help="First request (from 0) with faults.")
@click.option("--fault-until", type=int, help="First request without faults again.")
@click.option("--allow-fault-header", is_flag=True, help="A request's x-fault header picks one.")
@click.option("--truth-limit", type=int, default=200_000, help="Requests kept for /__truth.")
@click.option("--ready-json", is_flag=True, help="Print one JSON line when listening, no banner.")
@click.option("--exit-with-stdin", is_flag=True, help="Stop at the end of stdin.")
def serve(
    models: tuple[str, ...],
    stream_limit: float | None,
    token_ttl: int,
    ready_json: bool,
    exit_with_stdin: bool,
    **rest: Any,
) -> None:
    """Start a stand-in for Jan Server, which isn't a real model.

    A DIST is a number or normal:mean,deviation lognormal:median,sigma uniform:low,high exp:mean.
    """
    options = ServerOptions(
        models=models or ServerOptions.models,
        stream_limit_s=stream_limit,
        token_ttl_s=token_ttl,
        **rest,
    )
    warn_if_exposed(options.host, "this server lets anyone in")

    def announce(listening: Listening) -> None:
        if ready_json:
            click.echo(ready_line(listening.host, listening.port))
        else:
            _banner(options, listening)

    run(options, announce, exit_with_stdin=exit_with_stdin)


def _banner(options: ServerOptions, listening: Listening) -> None:
    where = address(listening.host, listening.port)
    click.echo(f"Embedded Jan Server ({options.flavour}) on http://{where}")
    click.echo("Not a real model: it says seeded words at the pace that was asked for.")
    slots = options.slots or "unlimited"
    click.echo(
        f"First token {options.ttft_ms} ms, gap {options.itl_ms} ms, {options.tokens} tokens, "
        f"slots: {slots}"
    )
    for rule in options.faults:
        click.echo(f"Fault {rule.fault.name} ({rule.rate:.0%}): {rule.fault.summary}")
    click.echo("Ground truth at /__truth, load at /__stats. Ctrl-C stops it.")

"""Streams completed per CPU-second of the whole client side, and its cost as streams grow.

Client side means everything but the server: k6, and the proxy where there is one. Start-up is
taken out: the figure is the difference of a long and a short run. The ways compared:

- unread: k6 alone, bodies discarded: the least that k6 can cost, and it learns nothing
- parse: k6 alone, each chunk parsed in JavaScript, as published scripts for LLMs do
- proxy: k6 behind the timing proxy, the whole body delivered, timings read from its tail
- proxy, tail only: the same without the body (`body=tail`), for scripts that don't need the text

Burst: 100-token streams written at once, 16 at a time. Paced: first token after 300 ms, 63 more
10 ms apart, 100 streams at a time. Ways are run in turn, so that a busy moment hits them all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script too, not only with -m

from benchmarks import rig


@dataclass(frozen=True)
class Way:
    """One way to look at streams: `body` is empty where no proxy is used."""

    name: str
    look: str
    body: str = ""


@dataclass(frozen=True)
class Load:
    """A server's pace and how many streams the two runs of a measurement make."""

    name: str
    server: tuple[str, ...]
    tokens: int
    vus: int
    short: int
    long: int


@dataclass(frozen=True)
class Cost:
    """CPU seconds."""

    k6: float
    proxy: float


WAYS = (
    Way("unread", "none"),
    Way("parse", "parse"),
    Way("proxy", "tail", "whole"),
    Way("proxy, tail only", "tail", "tail"),
)
AT_ONCE = ("--ttft-ms", "0", "--itl-ms", "0")
BURST = Load("burst", (*AT_ONCE, "--tokens", "100"), 100, 16, 500, 4500)
PACED = Load(
    "paced", ("--ttft-ms", "300", "--itl-ms", "10", "--tokens", "64"), 64, 100, 200, 1400
)  # fmt: skip
SIZES = (10, 100, 1000, 5000)
TARGETS = {"burst": {"parse": 4.0}, "paced": {"unread": 0.7, "parse": 1.6}}


def cost(server: str, way: Way, load: Load, count: int, folder: Path) -> Cost:
    """Run `count` streams one way; return the CPU that the client side used."""
    settings = {"LOOK": way.look, "COUNT": count, "VUS": load.vus, "TOKENS": load.tokens}
    if not way.body:
        ended, _ = rig.k6("stream.js", folder, BASE=server, **settings)
        return Cost(ended.cpu_s, 0.0)
    with rig.janbench("proxy", "--target", server, "--records", str(folder / "records")) as proxy:
        ended, _ = rig.k6("stream.js", folder, BASE=proxy.url, BODY=way.body, **settings)
        return Cost(ended.cpu_s, proxy.stop().cpu_s)


def per_stream(server: str, way: Way, load: Load, folder: Path) -> Cost:
    """Return CPU seconds for each stream, start-up taken out."""
    short = cost(server, way, load, load.short, folder)
    long = cost(server, way, load, load.long, folder)
    more = load.long - load.short
    return Cost((long.k6 - short.k6) / more, (long.proxy - short.proxy) / more)


def compare(load: Load, runs: int, folder: Path) -> dict[str, float]:
    """Measure every way, print the medians; return streams per CPU-second by way."""
    found: dict[str, list[Cost]] = {way.name: [] for way in WAYS}
    with rig.janbench("serve", "--port", "0", "--flavour", "openai", *load.server) as server:
        for _ in range(runs):
            for way in WAYS:
                found[way.name].append(per_stream(server.url, way, load, folder))
    rates: dict[str, float] = {}
    for name, costs in found.items():
        each = rig.median([c.k6 + c.proxy for c in costs])
        rates[name] = 1 / each
        k6 = rig.median([c.k6 for c in costs]) * 1e6
        proxy = rig.median([c.proxy for c in costs]) * 1e6
        print(f"{load.name:6} {name:17} {1 / each:18,.0f} {k6:11.0f} {proxy:14.0f}", flush=True)
    return rates


def judge(load: Load, rates: dict[str, float]) -> bool:
    """Print the proxy's ratios to the others; those without a body have to reach the targets."""
    good = True
    for way in ("proxy", "proxy, tail only"):
        for other, target in TARGETS[load.name].items():
            ratio = rates[way] / rates[other]
            good = good and (ratio >= target or way == "proxy")
            verdict = "yes" if ratio >= target else "NO"
            print(f"{load.name}: {way} = {ratio:.2f}x {other}, wanted {target}x: {verdict}")
    return good


def growth(runs: int, folder: Path, scale: int) -> None:
    """Print what one stream costs k6 and the proxy as it grows."""
    print(f"\n{'tokens':>6} {'way':17} {'k6 us/stream':>13} {'proxy us/stream':>16}")
    for tokens in SIZES:
        short, long = max(20, 20_000 // tokens // scale), max(120, 220_000 // tokens // scale)
        load = Load("grow", (*AT_ONCE, "--tokens", str(tokens)), tokens, 16, short, long)
        with rig.janbench("serve", "--port", "0", "--flavour", "openai", *load.server) as server:
            for way in WAYS[1:]:
                costs = [per_stream(server.url, way, load, folder) for _ in range(runs)]
                k6 = rig.median([c.k6 for c in costs]) * 1e6
                proxy = rig.median([c.proxy for c in costs]) * 1e6
                print(f"{tokens:6} {way.name:17} {k6:13.0f} {proxy:16.0f}", flush=True)


def main() -> int:
    """Run, print tables, return 0 when every ratio is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one shorter run of each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["burst", "paced", "growth"])
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    print(f"medians of {runs}; {rig.machine()}")
    good = True
    with tempfile.TemporaryDirectory() as name:
        if options.only != "growth":
            print(f"{'load':6} {'way':17} {'streams per CPU-s':>18} {'k6 us':>11} {'proxy us':>14}")
        for load in (BURST, PACED):
            if options.only in (None, load.name):
                quick = Load(
                    load.name, load.server, load.tokens, load.vus, load.short, load.long // 2
                )
                chosen = quick if options.quick else load
                good = judge(load, compare(chosen, runs, Path(name))) and good
        if options.only in (None, "growth"):
            growth(runs, Path(name), 4 if options.quick else 1)
    sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

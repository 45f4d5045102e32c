"""How long the embedded server's garbage collector stops it, and what its clients see of that.

    python benchmarks/server_pauses.py [--rates 200,400] [--seconds 20]

Streams of 64 tokens, the first after 300 ms and the others 10 ms apart, start at a fixed rate
whatever the server does. The server is `janbench serve` as it is, with a note of each collection;
the client is a small one on asyncio, in this process, its own collector off. How late the first
token is, is told twice: by the client, from before it sends until it has read the token, and by the
server's own truth, from when it had read the request.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script too, not only with -m

from benchmarks import rig
from janbench.service.life import new_loop

TTFT_MS, ITL_MS, TOKENS = 300, 10, 64
LIMIT_MS = 10
"""A longer collection is as long as the gap between two tokens."""
_TOKEN, _END = b'"delta":{"content":"', b"0\r\n\r\n"
_BODY = b'{"model":"bench","stream":true,"messages":[{"role":"user","content":"go"}]}'
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_NOTE_COLLECTIONS = """
import atexit, gc, json, sys, time
began, pauses = 0, []
def note(phase, info):
    global began
    if phase == "start":
        began = time.perf_counter_ns()
    else:
        ended = time.perf_counter_ns()
        pauses.append((began, (ended - began) / 1e6, info["generation"], info["collected"]))
gc.callbacks.append(note)
atexit.register(lambda: print(json.dumps(pauses), file=sys.stderr))
"""


@dataclass
class _Load:
    """What the client has seen."""

    idle: list[_Client] = field(default_factory=list)
    open: int = 0
    late_ms: list[float] = field(default_factory=list)


class _Client(asyncio.Protocol):
    """A connection; one stream after the other."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._sent_ns = 0
        self._tail = b""
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self) -> None:
        self._load.open += 1
        self._waits = True
        self._sent_ns = time.perf_counter_ns()
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter_ns()
        text = self._tail + data
        if self._waits and _TOKEN in text:
            self._waits = False
            self._load.late_ms.append((now - self._sent_ns) / 1e6 - TTFT_MS)
        ended = text.endswith(_END)
        self._tail = b"" if ended else text[-len(_TOKEN) :]
        if ended:
            self._load.open -= 1
            self._load.idle.append(self)

    def close(self) -> None:
        self._transport.close()


async def _drive(port: int, rate: int, seconds: float) -> list[float]:
    """Start streams at a rate; return how late each first token was."""
    loop, load = asyncio.get_running_loop(), _Load()
    start = loop.time()
    clients: list[_Client] = []
    for number in range(round(rate * seconds)):
        await asyncio.sleep(start + number / rate - loop.time())
        if not load.idle:
            _, client = await loop.create_connection(lambda: _Client(load), "127.0.0.1", port)
            clients.append(client)
            load.idle.append(client)
        load.idle.pop().ask()
    while load.open:
        await asyncio.sleep(0.05)
    for client in clients:
        client.close()
    return load.late_ms


def measure(rate: int, seconds: float) -> float:
    """Load one server and print what was seen; return the longest pause in ms."""
    pace = ("--ttft-ms", str(TTFT_MS), "--itl-ms", str(ITL_MS), "--tokens", str(TOKENS))
    serve = ("serve", "--port", "0", "--flavour", "openai", "--model", "bench", *pace)
    with rig.janbench(*serve, before=_NOTE_COLLECTIONS) as server:
        busy, begun, own = rig.busy_s(), time.perf_counter_ns(), time.process_time()
        loop, _ = new_loop()
        seen = loop.run_until_complete(_drive(rig.port_of(server.url), rate, seconds))
        loop.close()
        stats = rig.fetch(f"{server.url}/__stats")
        ours = stats["cpu_s"] + time.process_time() - own
        over = time.perf_counter_ns()
        others = (rig.busy_s() - busy - ours) / ((over - begun) / 1e9)
        truth = rig.truth_of(server.url)
        ended = server.stop()
    late = [(row["token_ns"][0] - row["received_ns"]) / 1e6 - TTFT_MS for row in truth]
    # Starting the server and fetching its truth make objects too: what counts is the load's.
    pauses = [each for at, *each in json.loads(ended.output.splitlines()[-1]) if begun < at < over]
    longest = {
        generation: max((ms for ms, which, _ in pauses if which == generation), default=0.0)
        for generation in range(3)
    }
    freed = sum(count for _, _, count in pauses)
    figures = itertools.chain.from_iterable(
        (rig.quantile(values, 0.5), rig.quantile(values, 0.99), max(values))
        for values in (seen, late)
    )
    shown = " ".join(f"{value:8.2f}" for value in figures)
    stopped = sum(ms for ms, _, _ in pauses)
    print(
        f"{rate:6} {len(pauses):11} {freed:8} {stopped:10.1f} "
        f"{' '.join(f'{longest[each]:7.2f}' for each in range(3))} {shown} "
        f"{stats['cpu_s']:6.2f} {others:6.2f}",
        flush=True,
    )
    return max(longest.values())


def main() -> int:
    """Run, print a table, return 0 when no collection took as long as a gap between tokens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="3 seconds for each rate")
    parser.add_argument("--rates", default="200,400", help="streams a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    seconds = 3.0 if options.quick else options.seconds
    gc.disable()
    print(f"{seconds:g} s for each rate; times in ms; {rig.machine()}")
    late = f"{'p50':>8} {'p99':>8} {'most':>8}"
    print(
        f"{'':38} {'longest, by generation':>23} {'late first token, client':>26} "
        f"{'its own truth':>26} {'server':>6} {'others':>6}\n"
        f"{'rate/s':>6} {'collections':>11} {'freed':>8} {'stopped':>10} "
        f"{'0':>7} {'1':>7} {'2':>7} {late} {late} {'CPU s':>6} {'cores':>6}"
    )
    longest = max(measure(int(rate), seconds) for rate in options.rates.split(","))
    print(f"limit: no collection of {LIMIT_MS} ms")
    return 0 if longest < LIMIT_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())

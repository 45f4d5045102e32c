"""The proxy's memory: at 1,000 concurrent streams of 5,000 tokens, and over 100,000 requests.

The client keeps nothing of what it reads, and asks for timings like a script does, with whole
bodies: the proxy holds bodies back and keeps every gap, which is the most memory that it needs.
Resident memory is VmHWM (the peak) and VmRSS of Linux, in MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script too, not only with -m

from benchmarks import rig

LIMIT_MB = 60.0
GROWTH_MB = 2.0
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"x-janbench-context: scenario=memory&step=chat&lane=stream&vu=1&iter=1&name=chat&end=done\r\n"
    b'Content-Length: 15\r\n\r\n{"stream":true}'
)


class Drain(asyncio.Protocol):
    """Sends `count` requests one after the other and drops the answers."""

    def __init__(self, count: int, done: asyncio.Future[None]) -> None:
        self._left = count
        self._done = done
        self._end = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._end = (self._end + data[-5:])[-5:]
        if self._end != b"0\r\n\r\n":
            return
        self._end = b""
        self._left -= 1
        if self._left:
            self._transport.write(REQUEST)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._left and not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed early"))
        elif not self._done.done():
            self._done.set_result(None)


async def drain(port: int, connections: int, each: int) -> None:
    """Send `each` requests over each of many connections at once."""
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(functools.partial(Drain, each, end), "127.0.0.1", port)
    await asyncio.gather(*ends)


@contextlib.contextmanager
def proxied(records: Path, *pace: str) -> Iterator[rig.Service]:
    """Run a source of streams and a proxy in front of it."""
    source = rig.Program([sys.executable, str(Path(__file__).with_name("source.py")), *pace])
    port = json.loads(source.line())["port"]
    try:
        target = f"http://127.0.0.1:{port}"
        with rig.janbench("proxy", "--target", target, "--records", str(records)) as proxy:
            yield proxy
    finally:
        source.stop()


def memory_mb(pid: int, field: str) -> float:
    """Return a field of /proc/PID/status in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise SystemExit("this benchmark needs Linux")


def concurrent(streams: int, tokens: int, folder: Path) -> bool:
    """Measure the peak with many long streams at once."""
    pace = ("--events", str(tokens), "--gap-ms", "500", "--batch", "50")
    with proxied(folder / "concurrent", *pace) as proxy:
        start = memory_mb(proxy.program.pid, "VmRSS:")
        asyncio.run(drain(rig.port_of(proxy.url), streams, 1))
        peak = memory_mb(proxy.program.pid, "VmHWM:")
    print(
        f"{streams:,} streams of {tokens:,} tokens at once: {start:.1f} -> {peak:.1f} MiB at most"
    )
    return peak < LIMIT_MB


def many(requests: int, folder: Path) -> bool:
    """Measure growth over many requests; the first tenth fills pools and caches."""
    with proxied(folder / "many", "--events", "20") as proxy:
        pid, port = proxy.program.pid, rig.port_of(proxy.url)
        rounds: list[float] = []
        for _ in range(10):
            asyncio.run(drain(port, 50, requests // 500))
            rounds.append(memory_mb(pid, "VmRSS:"))
    shown = " ".join(f"{each:.1f}" for each in rounds)
    print(f"{requests:,} requests, MiB after each tenth: {shown}")
    return rounds[-1] - rounds[0] < GROWTH_MB


def main() -> int:
    """Run both; return 0 when both stay within their limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    options = parser.parse_args()
    streams, tokens, requests = (100, 1000, 10_000) if options.quick else (1000, 5000, 100_000)
    print(rig.machine())
    with tempfile.TemporaryDirectory() as name:
        low = concurrent(streams, tokens, Path(name))
        flat = many(requests, Path(name))
    print(f"under {LIMIT_MB:g} MiB: {'yes' if low else 'NO'}; flat: {'yes' if flat else 'NO'}")
    return 0 if low and flat else 1


if __name__ == "__main__":
    raise SystemExit(main())

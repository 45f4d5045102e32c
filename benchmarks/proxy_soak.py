"""The proxy under load for 10 minutes: no growth of memory, sockets or lag.

100 paced streams a second from k6, and beside them clients that break off in mid-stream, which is
where leaks hide. Sampled each 5 seconds: resident memory, open file descriptors, and from the
proxy's own statistics its event-loop lag and share of a core. Compared: medians of the second
tenth and of the last tenth of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script too, not only with -m

from benchmarks import rig
from benchmarks.proxy_memory import REQUEST, memory_mb, proxied

EVERY_S = 5.0
GROWTH_MB = 2.0
GROWTH_SOCKETS = 20
GROWTH_LAG_MS = 1.0


@dataclass(frozen=True)
class Sample:
    """The proxy at one moment; `clients` are open client connections."""

    memory_mb: float
    descriptors: int
    lag_p99_ms: float
    clients: int


def sample(proxy: rig.Service, records: Path) -> Sample | None:
    """Look at the proxy; None before its first statistics."""
    path = records / "stats.json"
    if not path.exists():
        return None
    stats = rig.read_json(path)
    return Sample(
        memory_mb(proxy.program.pid, "VmRSS:"),
        len(list(Path(f"/proc/{proxy.program.pid}/fd").iterdir())),
        stats["lag_ms"]["p99"],
        stats["open_client_connections"],
    )


def break_off(port: int, ended: threading.Event) -> None:
    """Ten times a second: start a stream, read a little of it, go away."""
    while not ended.wait(0.1):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=5) as client,
        ):
            client.sendall(REQUEST)
            client.recv(200)


def soak(minutes: float, rate: int, folder: Path) -> tuple[list[Sample], bool]:
    """Run the load; return the samples and whether every stream ended as it should."""
    records = folder / "records"
    samples: list[Sample] = []
    ended = threading.Event()
    seconds = int(minutes * 60)
    every = min(EVERY_S, seconds / 20)
    with proxied(records, "--events", "64", "--gap-ms", "10") as proxy:
        rude = threading.Thread(target=break_off, args=(rig.port_of(proxy.url), ended))
        rude.start()
        with ThreadPoolExecutor(1) as pool:
            load = pool.submit(
                rig.k6, "stream.js", folder, BASE=proxy.url, LOOK="tail", RATE=rate,
                SECONDS=seconds, VUS=rate * 2,
            )  # fmt: skip
            while not load.done():
                wait([load], timeout=every)
                found = sample(proxy, records)
                if found is not None and not load.done():
                    samples.append(found)
        ended.set()
        rude.join()
        load.result()
        time.sleep(2)  # the statistics are rewritten each second
        last = sample(proxy, records)
        stopped = proxy.stop()
    kinds = Counter(row["integrity"] for row in rig.records_of(records))
    print(f"records: {dict(kinds)}; after the load {last}; exit code {stopped.code}")
    clean = last is not None and last.clients == 0 and stopped.code == 0
    return samples, clean and set(kinds) == {"ok", "timeout"}


def main() -> int:
    """Soak, print the samples, return 0 when nothing grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="20 seconds")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=100)
    options = parser.parse_args()
    print(rig.machine())
    with tempfile.TemporaryDirectory() as name:
        minutes = 1 / 3 if options.quick else options.minutes
        samples, good = soak(minutes, options.rate, Path(name))
    tenth = max(1, len(samples) // 10)
    early, late = samples[tenth : 2 * tenth], samples[-tenth:]
    print(f"{'':24} {'early':>8} {'late':>8}")
    for name, limit in (
        ("memory_mb", GROWTH_MB),
        ("descriptors", GROWTH_SOCKETS),
        ("lag_p99_ms", GROWTH_LAG_MS),
    ):
        before = rig.median([getattr(each, name) for each in early])
        after = rig.median([getattr(each, name) for each in late])
        good = good and after - before <= limit
        print(f"{name:24} {before:8.1f} {after:8.1f}  {'yes' if after - before <= limit else 'NO'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

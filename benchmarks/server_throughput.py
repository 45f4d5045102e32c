"""How many streamed events a second the embedded server sends, and what one costs.

    python -m benchmarks.server_throughput [--seconds 3]

The server runs in a process of its own; its CPU time is what that process says it used between
the first request and the last byte, so that a client that is slow or shares the core with it
doesn't change events per CPU-second. The client reads raw sockets and counts bytes: what little it
does, it does on the other core where there is one.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import requests

_EVENT = b'"delta":{"content":"'
_BODY = json.dumps(
    {"model": "bench", "stream": True, "messages": [{"role": "user", "content": "go"}]}
).encode()
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_END = b"0\r\n\r\n"
GOAL_PER_CPU_SECOND = 20_000


@dataclass(frozen=True)
class Load:
    """One way to load the server."""

    name: str
    streams: int
    tokens: int
    itl_ms: float


LOADS = (
    Load("paced: 200 streams, 10 ms apart", 200, 100, 10),
    Load("paced: 400 streams, 10 ms apart", 400, 100, 10),
    Load("paced: 50 streams, 1 ms apart", 50, 200, 1),
    Load("burst: 16 streams, all at once", 16, 100, 0),
)


@dataclass
class _Client:
    """One connection that asks for stream after stream until the time is up."""

    sock: socket.socket
    tail: bytes = b""
    busy: bool = False

    def ask(self) -> None:
        self.busy = True
        self.sock.sendall(_REQUEST)

    def read(self) -> tuple[int, bool]:
        """Events read, and whether the stream has ended."""
        data = self.sock.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed a connection")
        text = self.tail + data
        self.tail = text[-(len(_EVENT) - 1) :]
        # The kept tail is shorter than the marker, so that nothing is counted twice.
        ended = text.endswith(_END)
        self.busy = not ended
        # The finish chunk carries an empty content too.
        return text.count(_EVENT) - ended, ended


def measure(load: Load, seconds: float) -> dict[str, Any]:
    """Run one load; events are those that the client has read."""
    flags = ["--ttft-ms", "0", "--itl-ms", str(load.itl_ms), "--tokens", str(load.tokens)]
    command = [sys.executable, "-m", "janbench", "serve", "--ready-json", "--port", "0"]
    command += ["--exit-with-stdin", "--flavour", "openai", "--model", "bench", *flags]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = json.loads(server.stdout.readline())["port"]
            base = f"http://127.0.0.1:{port}"
            before = requests.get(f"{base}/__stats", timeout=10).json()
            events, elapsed = _drive(port, load.streams, seconds)
            after = requests.get(f"{base}/__stats", timeout=10).json()
        finally:
            server.stdin.close()
    cpu = after["cpu_s"] - before["cpu_s"]
    assert after["events"] - before["events"] == events, "client and server count differently"
    return {
        "load": load.name,
        "events": events,
        "seconds": round(elapsed, 3),
        "events_per_s": round(events / elapsed),
        "server_cpu_s": round(cpu, 3),
        "events_per_cpu_s": round(events / cpu),
        "event_loop": after["event_loop"],
    }


def _drive(port: int, streams: int, seconds: float) -> tuple[int, float]:
    """Keep `streams` connections busy; returns events read and the time that took."""
    selector = selectors.DefaultSelector()
    clients = [_Client(socket.create_connection(("127.0.0.1", port))) for _ in range(streams)]
    events = 0
    start = time.perf_counter()
    stop = start + seconds
    try:
        for client in clients:
            selector.register(client.sock, selectors.EVENT_READ, client)
            client.ask()
        open_streams = streams
        while open_streams:
            for key, _ in selector.select(timeout=30):
                count, ended = key.data.read()
                events += count
                if ended and time.perf_counter() < stop:
                    key.data.ask()
                elif ended:
                    open_streams -= 1
        return events, time.perf_counter() - start
    finally:
        selector.close()
        for client in clients:
            client.sock.close()


def main() -> int:
    """Print a line for each load; exit 1 when the goal isn't reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each load")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    least = float("inf")
    for load in LOADS:
        row = measure(load, arguments.seconds)
        least = min(least, row["events_per_cpu_s"])
        if arguments.json:
            print(json.dumps(row), flush=True)
        else:
            print(
                f"{row['load']:34} {row['events_per_s']:>8,} events/s "
                f"{row['events_per_cpu_s']:>9,} events per CPU-second of the server",
                flush=True,
            )
    return 0 if least >= GOAL_PER_CPU_SECOND else 1


if __name__ == "__main__":
    sys.exit(main())

"""The proxy as a process: its ready line, its end, its workers, its files."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.proxy.conftest import Proxy
from tests.integration.proxy.scripted import Reader, Request, ScriptedServer, Writer
from tests.integration.proxy.test_streams import CONTEXT, HEAD, LAST, chunk
from tests.stream_frames import CHAT, WORDS, sse

STATS = {
    "requests", "streams", "clock", "clock_steps", "lag_ms", "cpu_share", "cpu_s",
    "wall_s", "queue_depth_max",
    "rss_mb_max", "upstream_retries", "open_client_connections", "workers",
}  # fmt: skip


def stream(target: ScriptedServer) -> None:
    @target.route("/stream")
    async def handler(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(CHAT) + LAST)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_with_all_records_and_statistics(
    target: ScriptedServer, start_proxy: Callable[..., Proxy], how: int
) -> None:
    stream(target)

    @target.route("/endless")
    async def endless(request: Request, reader: Reader, writer: Writer) -> None:
        writer.write(HEAD + chunk(sse(*WORDS)))
        await writer.drain()
        await reader.read()

    proxy = start_proxy(target.url)
    assert set(proxy.ready) == {"event", "host", "port", "pid"}
    assert (proxy.ready["event"], proxy.ready["pid"]) == ("listening", proxy.process.pid)
    with proxy.client() as client, proxy.client() as hanging, proxy.client():
        for _ in range(20):
            client.get("/stream", CONTEXT)
        hanging.send(f"GET /endless HTTP/1.1\r\nHost: x\r\n{CONTEXT}\r\n\r\n".encode())
        hanging.head()
        assert proxy.stop(how) == 0
        assert not hanging._file.read().endswith(LAST)  # cut off, not ended
    rows = proxy.rows()
    assert [row["integrity"] for row in rows] == ["ok"] * 20 + ["timeout"]
    assert rows[-1]["detail"] == "the proxy was stopped"
    stats = proxy.stats
    assert set(stats) == STATS
    assert (stats["requests"], stats["streams"], len(stats["workers"])) == (21, 21, 1)
    assert stats["open_client_connections"] == 0
    assert {path.name for path in proxy.records.iterdir()} == {"records-0.jsonl", "stats.json"}


def test_it_ends_with_its_parent(target: ScriptedServer, start_proxy: Callable[..., Proxy]) -> None:
    proxy = start_proxy(target.url)
    assert proxy.process.stdin is not None
    proxy.process.stdin.close()
    assert proxy.ended() == 0


def test_a_crash_leaves_what_was_written(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    stream(target)
    proxy = start_proxy(target.url)
    with proxy.client() as client:
        client.get("/stream", CONTEXT)
        proxy.row("/stream")
        assert proxy.stop(signal.SIGKILL) == -signal.SIGKILL
    assert len(proxy.rows()) == 1


def test_workers_share_the_port_and_their_figures_add_up(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    stream(target)
    proxy = start_proxy(target.url, "--proxy-workers", "2")

    def one(_: int) -> bytes:
        with proxy.client() as client:
            return client.get("/stream", CONTEXT).body

    with ThreadPoolExecutor(8) as pool:
        assert all(body.startswith(CHAT) for body in pool.map(one, range(40)))
    workers = children(proxy.process.pid)
    assert len(workers) == 2
    assert proxy.stop() == 0
    assert len(proxy.rows()) == 40
    stats = proxy.stats
    assert (stats["requests"], [worker["worker"] for worker in stats["workers"]]) == (40, [0, 1])
    assert sum(worker["requests"] for worker in stats["workers"]) == 40
    assert not any(alive(pid) for pid in workers)


def test_workers_end_when_the_parent_is_killed(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    proxy = start_proxy(target.url, "--proxy-workers", "2")
    workers = children(proxy.process.pid)
    assert len(workers) == 2
    assert proxy.stop(signal.SIGKILL) == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in workers)


def test_a_worker_that_dies_ends_the_proxy(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    proxy = start_proxy(target.url, "--proxy-workers", "2")
    victim = children(proxy.process.pid)[1]
    assert proxy.process.stderr is not None
    os.kill(victim, signal.SIGKILL)
    assert b"worker 1 of the timing proxy failed" in proxy.process.stderr.read()
    assert proxy.ended() == 3


def children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = path.read_text().partition(" ")
            if int(rest.rpartition(")")[2].split()[1]) == parent:
                found.append(int(pid))
    return sorted(found)


def alive(pid: int) -> bool:
    """A process that has ended but that nobody has waited for counts as ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "ftp://x"], "is not the URL of an HTTP API"),
        (["--target", "http://u:hunter2@x"], "carries credentials"),
        (["--target", "http://x", "--listen", "9090"], "--listen: '9090' is not an address"),
        (["--target", "http://x", "--listen", "192.0.2.1:1"], "can't listen there"),
        (["--target", "https://x", "--ca-file", __file__], "can't load the CA file"),
        (["--target", "http://x", "--records", __file__], "is a file"),
        (["--target", "http://x", "--records", "/proc/nothing"], "can't make the folder"),
    ],
)
def test_errors_are_told_in_a_line_or_two(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "janbench", "proxy", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_it_takes_more_connections_than_the_usual_limit_of_files(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        proxy = start_proxy(target.url)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{proxy.process.pid}/limits").read_text()
    assert (
        f"{hard}" in next(line for line in limits.splitlines() if "open files" in line).split()[3]
    )


def test_the_banner_is_for_people(target: ScriptedServer) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "janbench", "proxy", "--target", target.url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    process.stdout.close()
    assert line.startswith("Timing proxy: http://127.0.0.1:")
    assert line.endswith(f" -> {target.url}\n")


def test_statistics_are_rewritten_while_it_runs(
    target: ScriptedServer, start_proxy: Callable[..., Proxy]
) -> None:
    stream(target)
    proxy = start_proxy(target.url)
    with proxy.client() as client:
        client.get("/stream", CONTEXT)
        deadline = time.monotonic() + 10
        while not (proxy.records / "stats.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        stats = json.loads((proxy.records / "stats.json").read_text())
    assert stats["requests"] == 1
    assert stats["open_client_connections"] == 1
    assert stats["lag_ms"]["samples"] > 10
    assert 0 <= stats["lag_ms"]["p50"] <= stats["lag_ms"]["p99"] <= stats["lag_ms"]["max"]
    assert 0 < stats["cpu_share"] < 1.1

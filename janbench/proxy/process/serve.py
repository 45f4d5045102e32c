"""A proxy's process: one worker in it, or several behind one port.

Several workers are forked before any event loop or thread exists, each with its own listening
socket on the same port (SO_REUSEPORT, so the kernel spreads connections). The parent serves
nothing: it merges their statistics and ends them all when one ends or when it is told to stop.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType

import orjson

from janbench.errors import CompanionError, ConfigError, JanbenchError
from janbench.proxy.process.stats import Stats, merge, write_json
from janbench.proxy.process.worker import ProxyOptions, Worker
from janbench.service.binding import address, bind

Ready = Callable[[str, int], None]


def serve(options: ProxyOptions, on_ready: Ready, *, lifeline: int | None = None) -> None:
    """Run a proxy until SIGTERM, SIGINT or the end of `lifeline` (a file descriptor).

    `on_ready` gets host and port once every worker accepts connections. Raises ConfigError for an
    address that can't be had, CompanionError for a port in use and when a worker fails.
    """
    if options.workers > 1 and not hasattr(os, "fork"):
        raise ConfigError(
            "this system has no way to share a port among processes",
            where=f"--proxy-workers {options.workers}",
            hint="Leave it at 1, or run the proxy on Linux.",
        )
    if options.records is not None:
        _make_folder(options.records)
    listening = _bind(options)
    host, port = listening.getsockname()[:2]
    if options.workers == 1:
        with listening:
            Worker(
                options,
                listening,
                0,
                on_ready=lambda: on_ready(host, port),
                publish=lambda stats: _publish(options.records, [stats]),
                lifeline=lifeline,
            ).run()
    else:
        with listening:  # bound, never listening: it keeps the port for the workers
            _Supervisor(options, host, port, lifeline).run(on_ready)


def _bind(options: ProxyOptions) -> socket.socket:
    return bind(
        options.host,
        options.port,
        where=f"--listen {address(options.host, options.port)}",
        hint="Choose another with --listen; port 0 takes a free one.",
        shared=options.workers > 1,
    )


class _Supervisor:
    """Forks the workers, waits, merges."""

    def __init__(self, options: ProxyOptions, host: str, port: int, lifeline: int | None) -> None:
        self._options = options
        self._host, self._port = host, port
        self._lifeline = lifeline
        self._children: dict[int, int] = {}  # pid -> number
        self._stopping = False

    def run(self, on_ready: Ready) -> None:
        ready_read, ready_write = os.pipe()
        life_read, life_write = os.pipe()
        for number in range(self._options.workers):
            self._fork(number, ready_write, life_read, (ready_read, life_write))
        os.close(ready_write)
        os.close(life_read)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_signal)
        try:
            if _read_exactly(ready_read, self._options.workers):
                on_ready(self._host, self._port)
            failed = self._watch()
        finally:
            os.close(life_write)  # ends workers that no signal reached
            os.close(ready_read)
        self._merge()
        if failed:
            raise CompanionError(f"worker {failed[0]} of the timing proxy failed")

    def _fork(self, number: int, ready_write: int, life_read: int, others: tuple[int, int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._children[pid] = number
            return
        code = 1
        try:
            for descriptor in others:
                os.close(descriptor)
            with _bind(replace(self._options, port=self._port)) as listening:
                Worker(
                    self._options,
                    listening,
                    number,
                    on_ready=lambda: _tell(ready_write),
                    publish=lambda stats: _publish_one(self._options.records, stats),
                    lifeline=life_read,
                ).run()
            code = 0
        except JanbenchError as error:
            sys.stderr.write(f"{error}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> list[int]:
        """Wait for the children; return the numbers of those that failed."""
        failed: list[int] = []
        merged_at = time.monotonic()
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                number = self._children.pop(pid)
                if status:
                    failed.append(number)
                self._stop()
                continue
            if self._lifeline_ended(0.1):
                self._stop()
            if time.monotonic() - merged_at >= 1:
                merged_at = time.monotonic()
                self._merge()
        return failed

    def _lifeline_ended(self, wait_s: float) -> bool:
        if self._lifeline is None or self._stopping:
            time.sleep(wait_s)
            return False
        readable, _, _ = select.select([self._lifeline], [], [], wait_s)
        return bool(readable) and not os.read(self._lifeline, 4096)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stop()

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _merge(self) -> None:
        folder = self._options.records
        if folder is None:
            return
        found: list[Stats] = []
        for number in range(self._options.workers):
            with contextlib.suppress(OSError, orjson.JSONDecodeError):
                found.append(orjson.loads((folder / f"stats-{number}.json").read_bytes()))
        write_json(folder / "stats.json", merge(found))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"can't make the folder: {error.strerror}", where=f"--records {folder}"
        ) from None


def _publish(folder: Path | None, workers: list[Stats]) -> None:
    if folder is not None:
        write_json(folder / "stats.json", merge(workers))


def _publish_one(folder: Path | None, stats: Stats) -> None:
    if folder is not None:
        write_json(folder / f"stats-{stats['worker']}.json", stats)


def _tell(descriptor: int) -> None:
    os.write(descriptor, b".")
    os.close(descriptor)


def _read_exactly(descriptor: int, count: int) -> bool:
    """Read a byte for each worker; False when one died before it was ready."""
    while count:
        got = os.read(descriptor, count)
        if not got:
            return False
        count -= len(got)
    return True

"""What other systems do differently, played on this one."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from janbench.errors import ConfigError
from janbench.proxy.http.target import parse_target
from janbench.proxy.process import stats, system
from janbench.proxy.process.lag import LagSampler
from janbench.proxy.process.serve import serve
from janbench.proxy.process.stats import write_json
from janbench.proxy.process.worker import ProxyOptions
from janbench.service import life

# A Python without what Windows doesn't have: modules, functions, signal handlers of a loop.
WINDOWS = """
import asyncio, asyncio.base_events, os, signal, sys
sys.platform = "win32"
for name in ("resource", "fcntl", "uvloop"):
    sys.modules[name] = None
del os.fork, os.setpriority
def refuse(*_): raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = refuse
import ctypes
class Winmm:
    def __init__(self, name): print(name, file=sys.stderr)
    def timeBeginPeriod(self, ms): print("timers every", ms, file=sys.stderr)
ctypes.WinDLL = Winmm
"""


def test_a_proxy_starts_and_stops_without_what_windows_lacks(tmp_path: Path) -> None:
    program = f"""{WINDOWS}
from pathlib import Path
from janbench.proxy.process.serve import serve
from janbench.proxy.http.target import parse_target
from janbench.proxy.process.worker import ProxyOptions
import signal
options = ProxyOptions(target=parse_target("http://127.0.0.1:1"), records=Path({str(tmp_path)!r}))
serve(options, lambda host, port: signal.raise_signal(signal.SIGINT))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.split() == ["winmm", "timers", "every", "1"]
    told = json.loads((tmp_path / "stats.json").read_text())
    assert (told["requests"], told["rss_mb_max"]) == (0, 0.0)


def test_several_workers_need_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(ConfigError, match="share a port"):
        serve(ProxyOptions(parse_target("http://127.0.0.1:1"), workers=2), lambda host, port: None)


def test_signals_reach_a_loop_that_takes_no_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    before[signal.SIGUSR1] = signal.getsignal(signal.SIGUSR1)
    loop = asyncio.new_event_loop()

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    try:
        for number in before:
            stop = asyncio.Event()
            life.stop_on_signals(loop, stop)
            loop.call_soon(signal.raise_signal, number)
            loop.run_until_complete(asyncio.wait_for(stop.wait(), 10))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        loop.close()


@pytest.mark.parametrize(
    ("soft", "hard", "granted", "becomes"),
    [
        (1024, 524288, 524288, 524288),
        (256, 2**63 - 1, 10_240, 10_240),  # macOS
        (256, -1, 65_536, 65_536),
        (20_000, -1, 10_240, 20_000),
        (4096, 4096, 4096, 4096),
        (256, 512, 100, 256),
    ],
)
def test_the_limit_of_open_files(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, granted: int, becomes: int
) -> None:
    limit = [soft]

    def setrlimit(which: int, wanted: tuple[int, int]) -> None:
        if not 0 <= wanted[0] <= granted:
            raise ValueError("current limit exceeds maximum limit")
        assert wanted[1] == hard
        limit[0] = wanted[0]

    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    system.allow_many_connections()
    assert limit == [becomes]


def test_lag_is_right_on_a_coarse_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the loop's own clock may stand still for 15.6 ms: that is not lag."""
    loop = asyncio.new_event_loop()
    real = time.get_clock_info
    coarse: Any = SimpleNamespace(implementation="GetTickCount64()")
    monkeypatch.setattr(
        time, "get_clock_info", lambda name: coarse if name == "monotonic" else real(name)
    )
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() // 0.5 * 0.5)
    now = [100.0]
    monkeypatch.setattr("janbench.proxy.process.lag.perf_counter", lambda: now[0])
    lag = LagSampler(loop)
    lag.start()
    for late in (0.0, 0.002):
        now[0] += 0.010 + late
        lag._tick()
    lag.stop()
    loop.close()
    assert lag.samples == 2
    assert lag.max_ms == pytest.approx(2)


def test_a_file_that_is_being_read_is_replaced_when_the_reader_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reading = threading.Event()
    reading.set()
    replace = Path.replace

    def windows(path: Path, target: Path) -> Path:
        if reading.is_set():
            raise PermissionError(13, "Access is denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", windows)
    monkeypatch.setattr(time, "sleep", lambda seconds: reading.clear())
    write_json(tmp_path / "stats.json", {"a": 1})
    assert json.loads((tmp_path / "stats.json").read_text()) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["stats.json"]


def test_a_folder_that_may_not_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(stats, "_TRY_EVERY_S", 0)
    with pytest.raises(PermissionError):
        write_json(tmp_path / "stats.json", {})

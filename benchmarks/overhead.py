"""What janbench costs around k6: `--help`, rendering, and a run against bare k6's own time.

    python -m benchmarks.overhead [--runs 5]

Runs a single pass of `test-completion-standard` against the embedded server, in turn by bare k6
(the rendered script) and by `janbench run` (with the timing proxy and without), and prints the
medians. The difference is janbench's own: reading the YAML, preflight, starting the proxy, turning
records into Parquet, and writing the reports.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.embedded import embedded_server
from tests.integration.core.runs import K6, environment

NAME = "test-completion-standard"
LIMITS = {"--help": 0.3, "render all": 0.5, "added, proxy": 1.0, "added, direct": 1.0}


def _timed(command: list[str], folder: Path, extra: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment(extra), check=True, capture_output=True, timeout=120
    )
    return time.perf_counter() - started


def _median(runs: int, once: Callable[[], float]) -> float:
    once()  # files into the page cache, byte code compiled
    return statistics.median(once() for _ in range(runs))


def measure(runs: int, folder: Path) -> dict[str, float]:
    """Return the medians in seconds, by what was timed."""
    janbench = [sys.executable, "-m", "janbench"]
    found = {
        "--help": _median(runs, lambda: _timed([*janbench, "--help"], folder, {})),
        "render all": _median(runs, lambda: _timed([*janbench, "render"], folder, {})),
    }
    with embedded_server("--ttft-ms", "50", "--itl-ms", "2", "--tokens", "50") as server:
        bare = [str(K6), "run", "--quiet", "--no-usage-report", "--address", "127.0.0.1:0"]
        extra = {"BASE": server.base, "SINGLE_RUN": "true"}
        script = [*bare, f"src/{NAME}.js"]
        run = [*janbench, "run", NAME, "--single", "--base", server.base, "--timing"]
        samples: dict[str, list[float]] = {"bare k6": [], "proxy": [], "direct": []}
        for _ in range(runs + 1):  # in turn, so that a drift of the machine meets all alike
            samples["bare k6"].append(_timed(script, folder, extra))
            samples["proxy"].append(_timed([*run, "proxy"], folder, {}))
            samples["direct"].append(_timed([*run, "direct"], folder, {}))
    medians = {name: statistics.median(times[1:]) for name, times in samples.items()}
    found["bare k6"] = medians["bare k6"]
    for timing in ("proxy", "direct"):
        found[f"janbench run, {timing}"] = medians[timing]
        found[f"added, {timing}"] = medians[timing] - medians["bare k6"]
    return found


def main() -> int:
    """Print the table; exit 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measure(arguments.runs, Path(place))
    passed = True
    print(f"{'':24}{'median s':>10}{'limit s':>10}")
    for name, seconds in found.items():
        limit = LIMITS.get(name)
        passed = passed and (limit is None or seconds <= limit)
        print(f"{name:24}{seconds:10.3f}{'' if limit is None else f'{limit:10.1f}'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

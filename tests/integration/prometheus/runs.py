"""Real runs of every built-in scenario against the embedded server, pushed to a real Prometheus."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from janbench import process
from janbench.config.scenario_file import load_scenarios
from janbench.config.telemetry import remote_write, run_tags
from janbench.engines.k6.outputs import prometheus_output
from janbench.model.results.result import RunResult
from janbench.model.telemetry import RemoteWrite
from janbench.reports.prometheus import push_result
from janbench.resources import builtin_scenarios
from tests.embedded import embedded_server
from tests.integration.prometheus.dashboard_queries import Window
from tests.prometheus_server import PrometheusServer, prometheus_server

RULES = Path(__file__).parents[3] / "prometheus" / "rules.yml"
# Long enough that a busy machine's milliseconds are far below 2 % of any figure.
SERVER = ("--ttft-ms", "300", "--itl-ms", "20", "--tokens", "30", "--queue-header")
FAULTS = ("http-500=0.04", "error-mid-stream=0.1", "truncated=0.1")
LOAD = ("--duration", "5s", "--nonstream-rps", "4", "--stream-rps", "4")


@dataclass(frozen=True)
class Runs:
    """Two runs of all scenarios: one pushed gauges, the other native histograms."""

    prometheus: PrometheusServer
    window: Window
    gauges: RunResult
    native: RunResult


@contextmanager
def pushed_runs(folder: Path) -> Iterator[Runs]:
    """Make the runs, both at the same time; Prometheus goes away with the block."""
    scenarios = folder / "scenarios.yaml"
    text = builtin_scenarios().read_text(encoding="utf-8")
    # Think time would only make the runs longer.
    scenarios.write_text(re.sub(r"think_time_s: [\d.]+", "think_time_s: 0", text), encoding="utf-8")
    faults = [part for fault in FAULTS for part in ("--fault", fault)]
    with prometheus_server(RULES) as server, embedded_server(*SERVER, *faults) as target:
        started = time.time()
        with ThreadPoolExecutor() as pool:
            gauges, native = pool.map(
                lambda native: _run(server, target.base, scenarios, folder, native), (False, True)
            )
        ended = time.time() + 1
        yield Runs(server, Window(started, ended), gauges, native)


def _run(
    server: PrometheusServer, base: str, scenarios: Path, folder: Path, native: bool
) -> RunResult:
    interval = {"K6_PROMETHEUS_RW_PUSH_INTERVAL": "1s"}
    target = remote_write(interval, server.url, native)
    assert target is not None
    output = prometheus_output(target)
    environment = {
        **os.environ,
        **output.environment,
        "K6_OUT": output.arguments[1],
        "K6_SYSTEM_TAGS": output.arguments[3],
    }
    testid = "native" if native else "gauges"
    command = [sys.executable, "-m", "janbench", "run", "--all", "--base", base, *LOAD]
    command += ["--timing", "proxy", "--testid", testid, "--scenarios", str(scenarios)]
    command += ["--results", str(folder / testid), "--allow-invalid", "--json", "--quiet"]
    done = process.run(command, environment=environment, timeout_s=100)
    assert done.code in (0, 1) and done.stdout, done.stderr
    result = RunResult.from_json(done.stdout)
    _push(target, result, scenarios)
    return result


def _push(target: RemoteWrite, result: RunResult, scenarios: Path) -> None:
    known = load_scenarios(scenarios).scenarios
    tags = {
        name: run_tags(
            result.testid, scenario.test_case or name, result.target.base, result.target.model
        )
        for name, scenario in known.items()
    }
    assert push_result(target, result, tags) == ""


def case_tag(scenario: str) -> str:
    """Return the tag `test_case` of a built-in scenario."""
    named = load_scenarios(builtin_scenarios()).scenarios[scenario].test_case
    assert named
    return named

"""k6's OpenTelemetry output, as janbench asks for it, arrives at a collector."""

from __future__ import annotations

import os
from pathlib import Path

from janbench import process
from janbench.config.telemetry import open_telemetry
from janbench.engines import choose_engine
from janbench.engines.base import EngineOptions
from janbench.engines.k6.command import parse_version
from janbench.engines.k6.outputs import otel_output
from tests.receivers import receiver

# Longer than k6's second between two collections of its metrics.
SCRIPT = """
import { sleep } from 'k6';
export const options = { vus: 1, duration: '1500ms' };
export default function () { sleep(0.1); }
"""


def test_metrics_arrive_over_http(tmp_path: Path) -> None:
    script = tmp_path / "script.js"
    script.write_text(SCRIPT, encoding="utf-8")
    info = choose_engine("local", EngineOptions(environment=os.environ)).info
    with receiver(200) as collector:
        target = open_telemetry(f"{collector.url}/v1/metrics")
        assert target is not None
        output = otel_output(target, parse_version(f"v{info.k6_version}"))
        command = [info.k6_path, "run", "--quiet", "--no-usage-report", "--address", ""]
        environment = {**os.environ, **output.environment, "K6_OTEL_EXPORT_INTERVAL": "200ms"}
        done = process.run([*command, *output.arguments, script], environment=environment)
    assert done.code == 0, done.stderr
    assert {request.path for request in collector.requests} == {"/v1/metrics"}
    sent = b"".join(request.body for request in collector.requests)
    assert b"k6_iterations" in sent
    assert b"janbench" in sent

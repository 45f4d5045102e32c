"""What a virtual user costs k6: memory above that of an empty script, in the same k6."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.render.bundle import bundled
from janbench.render.script import render
from tests.integration.core.runs import K6, ROOT, environment

USERS = 500
WAITING = (
    "export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 1, "
    f"timeUnit: '10s', duration: '1s', exec: 'waits', preAllocatedVUs: {USERS}, "
    f"maxVUs: {USERS} }} }} }};\nexport function waits() {{}}\n"
)


def _peak_mb(script: Path) -> float:
    """Return the peak resident memory of a k6 that runs the script."""
    process = subprocess.Popen(
        [K6, "run", "--quiet", "--no-usage-report", "--no-thresholds", "--address", "", script],
        cwd=script.parent,
        env=environment({"BASE": "http://127.0.0.1:9"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="memory of a child is told by wait4")
def test_a_user_that_waits_costs_little(tmp_path: Path) -> None:
    """0.8 MB before, when each made the whole library; 0.17 measured."""
    (tmp_path / "empty.js").write_text(WAITING)
    empty = _peak_mb(tmp_path / "empty.js")
    costs = {}
    for name, scenario in load_scenarios(ROOT / "scenarios.yaml", {}).scenarios.items():
        script = bundled(render(scenario, load_flavours(), "scenarios.yaml"))
        main = re.sub(
            r"^export const options = ", "const own = ", script.files[script.main], flags=re.M
        )
        for file, text in {**script.files, script.main: main + WAITING}.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        costs[name] = (_peak_mb(tmp_path / name / script.main) - empty) / USERS
    assert max(costs.values()) < 0.3, costs

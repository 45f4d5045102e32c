"""Several k6 that share one load: the result is that of one, the load exactly what was asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from janbench.results.k6.merge import merge_summaries
from janbench.results.k6.summary import read_summary
from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.core.runs import K6, Ran, environment, janbench

ONE_STEP = """
scenarios:
  chat:
    load: {load}
    {judged}
    steps:
      - kind: chat
        stream: true
        messages: [{{role: user, content: hi}}]
"""
# Each instance makes fewer than 20 requests, all of them together more.
SHARES = """
scenarios:
  chat:
    load: {warmup: 1s, lanes: {stream: {shape: poisson, rate: 8, duration: 4s, seed: 5}}}
    thresholds: {http_reqs: ["count>20"]}
    steps:
      - kind: chat
        lane: stream
        messages: [{role: user, content: hi}]
"""


def _run(folder: Path, server: EmbeddedServer, text: str, *flags: str) -> Ran:
    (folder / "scenarios.yaml").write_text(text)
    return janbench(folder, "run", "chat", "--base", server.base, "--flavour", "openai", *flags)


def _k6_processes(folder: Path) -> dict[str, int]:
    """The k6 that run for this folder, by execution segment."""
    listed = subprocess.run(
        ["ps", "-ewwo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout
    found = (
        (line.split("--execution-segment ")[1].split()[0], int(line.split()[0]))
        for line in listed.splitlines()
        if str(folder) in line and "--execution-segment " in line
    )
    return dict(found)


@pytest.mark.alone
def test_three_instances_give_the_result_of_one(tmp_path: Path) -> None:
    """4.1/s and 6.1/s for 5 s, 1 s of ramp at either end: 16.4 and 24.4 iterations begin."""
    results, asked = {}, {}
    for count in ("1", "3"):
        folder = tmp_path / count
        folder.mkdir()
        with embedded_server("--ttft-ms", "30", "--itl-ms", "2", "--tokens", "20") as server:
            load = ("--duration", "5s", "--nonstream-rps", "4.1", "--stream-rps", "6.1")
            ran = janbench(
                folder, "run", "test-completion-standard", "--base", server.base, *load,
                "--instances", count, "--allow-invalid",
            )  # fmt: skip
            paths = Counter(row["path"] for row in server.truth())
        assert ran.code == 0, ran.stdout
        results[count], asked[count] = ran, paths["/v1/chat/completions"]
    one, three = results["1"].scenario, results["3"].scenario
    assert asked == {"1": 40, "3": 40}
    assert [lane["started_iterations"] for lane in three["lanes"]] == [16, 24]
    assert three["metrics"].keys() == one["metrics"].keys()
    assert three["steps"].keys() == one["steps"].keys()
    assert {c["name"] for c in three["checks"]} == {c["name"] for c in one["checks"]}
    for metric in ("ttft_ms", "itl_ms", "e2e_ms"):
        assert three["metrics"][metric]["count"] == one["metrics"][metric]["count"]
        assert three["metrics"][metric]["p50"] == pytest.approx(
            one["metrics"][metric]["p50"], rel=0.2
        )
    for step, figures in three["steps"].items():
        assert figures["duration_ms"]["count"] == figures["count"]
        if one["steps"][step]["duration_ms"]["p50"] > 50:
            assert figures["duration_ms"]["p50"] == pytest.approx(
                one["steps"][step]["duration_ms"]["p50"], rel=0.2
            )
    assert results["3"].result["engine"]["instances"] == 3
    assert "3 instances" in results["3"].stdout
    instances = results["3"].run_folder / "test-completion-standard" / "instances"
    kept = sorted(path.name for path in instances.glob("*/*"))
    assert kept == sorted(["k6.log", "summary.json"] * 3)


def test_given_moments_are_shared_and_thresholds_judge_the_whole(tmp_path: Path) -> None:
    with embedded_server("--flavour", "openai", "--ttft-ms", "5", "--tokens", "4") as server:
        ran = _run(tmp_path, server, SHARES, "--instances", "3", "--allow-invalid")
    assert ran.code == 0, ran.stdout
    folder = ran.run_folder / "chat"
    shares = [
        json.loads(path.read_text())["metrics"]["http_reqs{phase:main}"]["count"]
        for path in folder.glob("instances/*/summary.json")
    ]
    moments = json.loads((folder / "data" / "chat.stream.schedule.json").read_text())
    assert sum(shares) == len(moments)
    assert max(shares) < 20 < sum(shares)
    judged = {(t["metric"], t["expression"]): t for t in ran.scenario["thresholds"]}
    threshold = judged["http_reqs{phase:main}", "count>20"]
    assert threshold["ok"]
    assert threshold["value"] == sum(shares)
    assert ran.scenario["lanes"][0]["started_iterations"] == len(moments)


def test_merged_statistics_are_those_of_k6_itself(tmp_path: Path) -> None:
    """One k6 whose samples are read again: every statistic of every Trend comes out the same."""
    (tmp_path / "s.js").write_text(
        """
        import { check } from 'k6';
        import { Trend, Counter } from 'k6/metrics';
        const [t, c] = [new Trend('t_ms', true), new Counter('cc')];
        export const options = { iterations: 97, vus: 3, thresholds: {
          't_ms{step:a}': [' p(95)  < 5'], 't_ms{step:b,lane:x}': ['p(99.9)>0'], t_ms: ['med<0'],
          cc: ['count>=194'] } };
        export default function () {
          t.add(Math.random() * 10, { step: 'a' });
          t.add(Math.random() * 10, { step: 'b', lane: __ITER % 2 ? 'x' : 'y' });
          c.add(2, { odd: 'a, "b"' });
          check(__VU, { 'is "even", mostly': (n) => n % 2 === 0 });
        }"""
    )
    csv, exported = tmp_path / "samples.csv.gz", tmp_path / "summary.json"
    stats = "avg,min,med,max,p(90),p(95),p(99),count"
    command: list[str | Path] = [K6, "run", "--quiet", "--out", f"csv={csv}"]
    command += ["--summary-export", exported]
    done = subprocess.run(
        [*command, "--summary-trend-stats", stats, tmp_path / "s.js"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 99
    own = read_summary(exported)
    assert own is not None
    merged, lost = merge_summaries([own], [csv])
    assert lost == ""
    assert merged.checks == own.checks
    assert merged.crossed == own.crossed
    assert set(merged.values) == {name for name in own.values if not name.startswith("vus")}
    for name, values in merged.values.items():
        for statistic, value in values.items():
            assert value == pytest.approx(own.values[name][statistic], abs=1e-5), (name, statistic)
    twice, lost = merge_summaries([own, own], [csv])
    assert "samples of" in lost
    assert "t_ms" not in twice.values
    assert twice.count("cc") == 2 * own.count("cc")


@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_an_end_before_time(how: str, tmp_path: Path) -> None:
    text = ONE_STEP.format(load="{shape: constant, rate: 10, duration: 60s}", judged="")
    (tmp_path / "scenarios.yaml").write_text(text)
    with embedded_server("--flavour", "openai", "--ttft-ms", "5", "--tokens", "4") as server:
        command = [sys.executable, "-m", "janbench", "run", "chat", "--base", server.base]
        running = subprocess.Popen(
            [*command, "--flavour", "openai", "--instances", "2"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        _await(lambda: len(server.truth()) > 10)
        running_k6 = _k6_processes(tmp_path)
        assert set(running_k6) == {"0:1/2", "1/2:1"}
        if how == "killed":
            os.kill(running_k6["1/2:1"], signal.SIGKILL)
        else:
            running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=30)
    result = json.loads((tmp_path / "results/latest/result.json").read_text())
    (scenario,) = result["scenarios"]
    assert running.returncode == {"killed": 3, "interrupted": 130}[how], output
    assert scenario["verdict"] == {"killed": "error", "interrupted": "interrupted"}[how]
    if how == "killed":
        told = scenario["reasons"][0]["message"] + scenario["reasons"][-1]["message"]
        assert "killed by signal 9" in told
        assert "instance 2" in told
    assert scenario["metrics"]["ttft_ms"]["count"] > 5
    assert _k6_processes(tmp_path) == {}


def test_a_budget_and_an_abort_end_all_instances(tmp_path: Path) -> None:
    budget = ONE_STEP.format(
        load="{shape: constant, rate: 20, duration: 60s, budget: {max_tokens_total: 400}}",
        judged="",
    )
    with embedded_server("--flavour", "openai", "--ttft-ms", "5", "--tokens", "4") as server:
        started = time.monotonic()
        ran = _run(tmp_path, server, budget, "--instances", "2", "--allow-invalid")
    assert time.monotonic() - started < 30
    assert ran.code == 0, ran.stdout
    assert "budget of tokens is used up" in ran.stdout.replace("\n", " ")


MISTAKES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "single": ("{shape: constant, rate: 5, duration: 5s}", ("--single",), "can't be split"),
    "too few users": (
        "{shape: concurrency, concurrency: 2, duration: 5s}",
        (),
        "2 virtual users of lane main",
    ),
    "dashboard": (
        "{shape: constant, rate: 5, duration: 5s}",
        ("--dashboard",),
        "doesn't go with --instances",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_loads_that_cannot_be_shared(name: str, tmp_path: Path) -> None:
    load, flags, words = MISTAKES[name]
    (tmp_path / "scenarios.yaml").write_text(ONE_STEP.format(load=load, judged=""))
    ran = janbench(
        tmp_path, "run", "chat", "--base", "http://127.0.0.1:9", "--flavour", "openai",
        "--instances", "3", *flags,
    )  # fmt: skip
    assert ran.code == 2
    assert words in ran.stderr.replace("\n", " ")
    assert not (tmp_path / "results").exists()


def _await(seen: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.2)

"""How often `janbench compare` raises a false alarm, and how often it finds a real slowdown.

Part 1 draws runs as the embedded server makes them: log-normal first-token times (coefficient of
variation 0.3), gaps between tokens, some errors; independent, or with a slow wave that makes
neighbours alike. Part 2 (`--server`) measures real requests to the embedded server through the
timing proxy, unchanged and slowed by 10%, and compares stretches of these.

    python benchmarks/gate_power.py [--runs 400] [--requests 500] [--server]
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from janbench.model.results.result import EngineInfo, RunResult, ScenarioResult, TargetInfo
from janbench.pipeline.companions import companion
from janbench.results.compare.comparison import Side, compare
from janbench.results.compare.samples import Sampled, ScenarioSamples, read_samples
from janbench.results.compare.statistics import Floats, Integers, block_length
from janbench.results.run_store import read_run

Flags = npt.NDArray[np.bool_]

SCENARIO = "stream"
CV = 0.3
TTFT_MS = 200.0
GAP_MS = 20.0
TOKENS = 64
SLOWDOWN = 1.10
FALSE_ALARMS_AT_MOST = 0.05
POWER_AT_LEAST = 0.90
SCENARIO_FILE = f"""
target: {{flavour: openai, model: m}}
scenarios:
  {SCENARIO}:
    load: {{nonstream_rps: 0, stream_rps: 60, duration_min: 1, iteration_s: 0.2}}
    steps:
      - {{kind: chat, id: chat, lane: stream, max_tokens: 16,
         messages: [{{role: user, content: Hello}}]}}
"""


def simulated(generator: np.random.Generator, requests: int, slower: float, wave: float) -> Side:
    """Draw a run: `slower` multiplies TTFT, `wave` is the lag-1 correlation of its logarithm."""
    sigma = math.sqrt(math.log(1 + CV**2))
    noise = generator.standard_normal(requests)
    if wave:
        for i in range(1, requests):
            noise[i] = wave * noise[i - 1] + math.sqrt(1 - wave**2) * noise[i]
    ttft = TTFT_MS * slower * np.exp(sigma * noise)
    gaps = GAP_MS * np.exp(0.2 * generator.standard_normal((requests, TOKENS - 1)))
    failed = generator.random(requests) < 0.01
    good = ~failed
    block: Integers = np.arange(requests, dtype=np.intp)
    talk = gaps.sum(axis=1)
    metrics = {
        "ttft_ms": _sampled(ttft[good], block[good]),
        "tpot_ms": _sampled(talk[good] / (TOKENS - 1), block[good]),
        "e2e_ms": _sampled((ttft + talk)[good], block[good]),
        "itl_ms": _gaps(gaps, good),
    }
    stretch = max(
        block_length(values[good]) / good.sum()
        for values in (ttft, talk / (TOKENS - 1), ttft + talk)
    )
    samples = ScenarioSamples(
        blocks=requests,
        stretch=float(stretch),
        metrics=metrics,
        requests=np.ones(requests),
        failed=failed.astype(np.float64),
        tokens=np.where(good, float(TOKENS), 0.0),
        seconds=np.full(requests, 0.1),
        plateau=np.ones(requests),
    )
    return Side(_run(), {SCENARIO: samples})


def _sampled(values: Floats, block: Integers) -> Sampled:
    order = np.argsort(values)
    return Sampled(len(values), values[order], block_of_value=block[order])


def _gaps(gaps: Floats, good: Flags) -> Sampled:
    bucket = np.floor(np.log(gaps) * 500).astype(np.int64)
    least = int(bucket.min())
    width = int(bucket.max()) - least + 1
    rows = np.repeat(np.arange(len(gaps)), gaps.shape[1]).reshape(gaps.shape)[good]
    cells = rows * width + bucket[good] - least
    counts = np.bincount(cells.ravel(), minlength=len(gaps) * width).reshape(len(gaps), width)
    grid = np.exp((np.arange(width) + least + 0.5) / 500)
    return Sampled(int(counts.sum()), grid, counts=counts.astype(np.float32))


def _run() -> RunResult:
    return RunResult(
        schema="janbench.result/1",
        run_id="simulated",
        started_at="2026-01-01T00:00:00Z",
        duration_s=50,
        verdict="pass",
        exit_code=0,
        janbench_version="0",
        engine=EngineInfo(name="none"),
        target=TargetInfo(base="http://127.0.0.1", flavour="openai", model="m"),
        scenarios=[ScenarioResult(name=SCENARIO, verdict="pass")],
    )


def trial(arguments: tuple[int, int, float, float]) -> tuple[str, str, tuple[str, ...]]:
    """Compare one pair; gives the gate's verdict, that of TTFT p50, and which rows alarmed."""
    seed, requests, slower, wave = arguments
    generator = np.random.default_rng([7, seed])
    base = simulated(generator, requests, 1.0, wave)
    head = simulated(generator, requests, slower, wave)
    return _judged(base, head)


def _judged(base: Side, head: Side) -> tuple[str, str, tuple[str, ...]]:
    found = compare(base, head)
    effects = {effect.name: effect for effect in found.scenarios[0].effects}
    alarms = tuple(name for name, e in effects.items() if e.gates and e.verdict == "worse")
    return found.verdict, effects["ttft_ms.p50"].verdict, alarms


def rates(requests: int, runs: int, slower: float, wave: float) -> dict[str, object]:
    """Return how often the gate fell and TTFT p50 was called worse."""
    with Pool() as pool:
        found = pool.map(
            trial, [(seed, requests, slower, wave) for seed in range(runs)], chunksize=4
        )
    asked = {"requests": requests, "slowdown": f"{slower - 1:.0%}", "correlation": wave}
    return _summary(asked, found)


def _summary(
    asked: dict[str, object], found: list[tuple[str, str, tuple[str, ...]]]
) -> dict[str, object]:
    return {
        **asked,
        "pairs": len(found),
        "gate_worse": sum(gate == "worse" for gate, _, _ in found) / len(found),
        "ttft_p50_worse": sum(row == "worse" for _, row, _ in found) / len(found),
        "gate": dict(Counter(gate for gate, _, _ in found)),
        "alarms": dict(Counter(name for _, _, alarms in found for name in alarms)),
    }


def measured(requests: int) -> list[dict[str, object]]:
    """Measure the embedded server twice as it is and once slowed, and compare stretches of them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "scenarios.yaml").write_text(SCENARIO_FILE, encoding="utf-8")
        runs = {
            name: _stretches(_measure(folder, name, slower), folder / name, requests)
            for name, slower in (("a", 1.0), ("bb", 1.0), ("slow", SLOWDOWN))
        }
        pairs = {
            "0%": [(a, b) for a in runs["a"] for b in runs["bb"]],
            f"{SLOWDOWN - 1:.0%}": [(a, s) for a in runs["a"] + runs["bb"] for s in runs["slow"]],
        }
        return [
            _summary({"measured": True, "requests": requests, "slowdown": name},
                     [_judged(*pair) for pair in found])
            for name, found in pairs.items()
        ]  # fmt: skip


def _measure(folder: Path, name: str, slower: float) -> Path:
    sigma = math.sqrt(math.log(1 + CV**2))
    options = ("--port", "0", "--flavour", "openai", "--model", "m", "--itl-ms", "5")
    first = ("--ttft-ms", f"lognormal:{60 * slower:g},{sigma:.4f}", "--tokens", "16")
    with companion("serve", [*options, *first, "--seed", str(len(name))]) as base:
        subprocess.run(
            [sys.executable, "-m", "janbench", "run", SCENARIO, "--base", base, "-q",
             "--scenarios", str(folder / "scenarios.yaml"), "--results", str(folder / name),
             "--allow-invalid"],
            check=False,
            stdout=sys.stderr,
        )  # fmt: skip
    return folder / name / "latest"


def _stretches(latest: Path, folder: Path, requests: int) -> list[Side]:
    parquet = latest / SCENARIO / "requests.parquet"
    # The verdict is left out: on a busy machine a run may be invalid, and then the gate would
    # never fall, for the wrong reason.
    validity = read_run(latest / "result.json").scenarios[0].validity
    scenario = ScenarioResult(name=SCENARIO, verdict="pass", validity=validity)
    run = _run().model_copy(update={"scenarios": [scenario]})
    sides = []
    with duckdb.connect() as connection:
        rows = (
            "SELECT *, row_number() OVER (ORDER BY time) - 1 AS place "
            f"FROM '{parquet}' WHERE stream"
        )
        found = connection.execute(f"SELECT count(*) FROM ({rows})").fetchone()
        assert found is not None
        for i in range(int(found[0]) // requests):
            part = folder / f"{i}.parquet"
            connection.execute(
                f"COPY (SELECT * EXCLUDE place FROM ({rows}) WHERE place // {requests} = {i}) "
                f"TO '{part}' (FORMAT parquet)"
            )
            samples = read_samples(part)
            assert samples is not None
            sides.append(Side(run, {SCENARIO: samples}))
    return sides


def main() -> int:
    """Print one JSON line for each question; exit 1 when a promise isn't kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--server", action="store_true", help="measure the embedded server")
    options = parser.parse_args()
    questions = ((1.0, 0.0), (1.0, 0.5), (SLOWDOWN, 0.0))
    found = [rates(options.requests, options.runs, *question) for question in questions]
    if options.server:
        found += measured(options.requests)
    kept = True
    for answer in found:
        print(json.dumps(answer))
        fell = answer["gate_worse"]
        assert isinstance(fell, float)
        same = answer["slowdown"] == "0%"
        kept &= fell <= FALSE_ALARMS_AT_MOST if same else fell >= POWER_AT_LEAST
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

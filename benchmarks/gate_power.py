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
import sys
from collections import Counter
from multiprocessing import Pool

import numpy as np

from janbench.model.result import EngineInfo, RunResult, ScenarioResult, TargetInfo
from janbench.results.comparison import Side, compare
from janbench.results.samples import Sampled, ScenarioSamples
from janbench.results.statistics import Floats, block_length

SCENARIO = "stream"
CV = 0.3
TTFT_MS = 200.0
GAP_MS = 20.0
TOKENS = 64
SLOWDOWN = 1.10
FALSE_ALARMS_AT_MOST = 0.05
POWER_AT_LEAST = 0.90


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
    block = np.arange(requests)
    talk = gaps.sum(axis=1)
    metrics = {
        "ttft_ms": _sampled(ttft[good], block[good]),
        "tpot_ms": _sampled(talk[good] / (TOKENS - 1), block[good]),
        "e2e_ms": _sampled((ttft + talk)[good], block[good]),
        "itl_ms": _gaps(gaps, good),
    }
    stretch = max(
        block_length(values[good]) / good.sum() for values in (ttft, talk / (TOKENS - 1), ttft + talk)
    )
    samples = ScenarioSamples(
        blocks=requests,
        stretch=float(stretch),
        metrics=metrics,
        requests=np.ones(requests),
        failed=failed.astype(np.float64),
        tokens=good * float(TOKENS),
        seconds=np.full(requests, 0.1),
    )
    return Side(_run(), {SCENARIO: samples})


def _sampled(values: Floats, block: Floats) -> Sampled:
    order = np.argsort(values)
    return Sampled(len(values), values[order], block_of_value=block[order].astype(np.intp))


def _gaps(gaps: Floats, good: Floats) -> Sampled:
    bucket = np.floor(np.log(gaps) * 500).astype(np.int64)
    least = int(bucket.min())
    width = int(bucket.max()) - least + 1
    rows = np.repeat(np.arange(len(gaps)), gaps.shape[1]).reshape(gaps.shape)[good.astype(bool)]
    cells = rows * width + bucket[good.astype(bool)] - least
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
    found = compare(base, head)
    effects = {effect.name: effect for effect in found.scenarios[0].effects}
    alarms = tuple(name for name, e in effects.items() if e.gates and e.verdict == "worse")
    return found.verdict, effects["ttft_ms.p50"].verdict, alarms


def rates(requests: int, runs: int, slower: float, wave: float) -> dict[str, object]:
    """Give how often the gate fell and TTFT p50 was called worse."""
    with Pool() as pool:
        found = pool.map(
            trial, [(seed, requests, slower, wave) for seed in range(runs)], chunksize=4
        )
    return {
        "requests": requests,
        "slowdown": f"{slower - 1:.0%}",
        "correlation": wave,
        "runs": runs,
        "gate_worse": sum(gate == "worse" for gate, _, _ in found) / runs,
        "ttft_p50_worse": sum(row == "worse" for _, row, _ in found) / runs,
        "gate": dict(Counter(gate for gate, _, _ in found)),
        "alarms": dict(Counter(name for _, _, alarms in found for name in alarms)),
    }


def main() -> int:
    """Print one JSON line for each question; exit 1 when a promise isn't kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--requests", type=int, default=500)
    options = parser.parse_args()
    kept = True
    for slower, wave in ((1.0, 0.0), (1.0, 0.5), (SLOWDOWN, 0.0)):
        found = rates(options.requests, options.runs, slower, wave)
        print(json.dumps(found), flush=True)
        share = found["gate_worse"]
        assert isinstance(share, float)
        kept &= share <= FALSE_ALARMS_AT_MOST if slower == 1.0 else share >= POWER_AT_LEAST
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

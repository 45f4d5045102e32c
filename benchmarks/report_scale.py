"""Time and memory of the HTML report of a run with many records.

    python -m benchmarks.report_scale [--records 1000000] [--tokens 32]

The promise: a million records in under 15 s and under 500 MB, in a file under 6 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from janbench import __version__
from janbench.model.results.result import (
    EngineInfo,
    RunResult,
    ScenarioResult,
    StepResult,
    TargetInfo,
)

SECONDS_AT_MOST = 15.0
MEMORY_AT_MOST_MB = 500.0
SIZE_AT_MOST_MB = 6.0
SCENARIO = "stream"


def make_run(folder: Path, records: int, tokens: int) -> None:
    """Lay out a run of logins and streamed completions, half each, with 1% broken streams."""
    (folder / SCENARIO).mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"""COPY (
              SELECT 1.79e9 + i * 0.01 AS time,
                CASE WHEN talks THEN 'chat' ELSE 'login' END AS step,
                talks AS stream, 200 AS status, i % 97 AS vu, i AS iteration,
                CASE WHEN random() < 0.01 THEN 'truncated' ELSE 'ok' END AS integrity,
                'cut after some events' AS detail, 1 + random() AS ttfb_ms,
                CASE WHEN talks THEN first END AS ttft_ms,
                CASE WHEN talks THEN 20 + random() END AS tpot_ms,
                CASE WHEN talks THEN first + 20.5 * {tokens} ELSE 3 + random() END AS e2e_ms,
                CASE WHEN talks THEN 0.3 END AS finalize_ms,
                CASE WHEN talks THEN {tokens} END AS output_tokens,
                CASE WHEN talks THEN
                  list_transform(range({tokens - 1}), lambda x: (15 + 10 * random())::FLOAT)
                END AS gaps_ms, 'req-' || i AS request_id
              FROM (SELECT i, i % 2 = 0 AS talks, 150 + 100 * random() AS first
                    FROM range({records}) AS r(i))
            ) TO '{folder / SCENARIO / "requests.parquet"}' (FORMAT parquet, COMPRESSION zstd)"""
        )
    step = StepResult(title="Chat, streamed", kind="chat", lane="stream", count=records // 2)
    run = RunResult(
        schema="janbench.result/1",
        run_id=folder.name,
        started_at="2026-01-01T00:00:00Z",
        duration_s=records * 0.01,
        verdict="pass",
        exit_code=0,
        janbench_version=__version__,
        engine=EngineInfo(name="local"),
        target=TargetInfo(base="http://127.0.0.1", flavour="openai", model="m"),
        scenarios=[ScenarioResult(name=SCENARIO, verdict="pass", steps={"chat": step})],
    )
    (folder / "result.json").write_text(run.to_json(), encoding="utf-8")


def main() -> int:
    """Print one JSON line; exit 1 when a promise isn't kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--tokens", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        make_run(folder, options.records, options.tokens)
        begun = time.monotonic()
        # A process of its own: its peak of memory is the report's, not this benchmark's.
        subprocess.run(
            [sys.executable, "-m", "janbench", "report", str(folder), "--format", "html"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - begun
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = (folder / "report.html").stat().st_size / 1e6
    found = {
        "records": options.records,
        "gaps": options.records // 2 * (options.tokens - 1),
        "seconds": round(seconds, 1),
        "peak_mb": round(memory),
        "html_mb": round(size, 2),
    }
    print(json.dumps(found))
    kept = seconds < SECONDS_AT_MOST and memory < MEMORY_AT_MOST_MB and size < SIZE_AT_MOST_MB
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

"""Builds plausible results and records for the tests of reports and comparisons."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson

from janbench.model.results.distribution import Distribution
from janbench.model.results.load import LaneResult, StageResult
from janbench.model.results.record import Record
from janbench.model.results.result import (
    CheckResult,
    EngineInfo,
    Objective,
    Reason,
    Requests,
    RunResult,
    ScenarioResult,
    SloResult,
    StepResult,
    TargetInfo,
    ThresholdResult,
    Throughput,
    Validity,
    Verdict,
)
from janbench.results.records.reader import write_parquet

SCENARIO = "test-completion-standard"
STARTED = 1_795_000_000.0


def distribution(p50: float, count: int = 300) -> Distribution:
    """A right-skewed distribution around a median."""
    return Distribution(
        count=count, min=p50 * 0.6, mean=p50 * 1.05, p50=p50, p90=p50 * 1.4, p95=p50 * 1.6,
        p99=p50 * 2.2, max=p50 * 3.1, source="records",
    )  # fmt: skip


def stage_result(
    lane: str, span_s: tuple[float, float], rates: tuple[float, float], share: float = 1.0
) -> StageResult:
    """A stage in which this share of what was asked for was answered well."""
    (start, end), (first, last) = span_s, rates
    mean = (first + last) / 2
    planned = round((end - start) * mean)
    return StageResult(
        lane=lane, start_s=start, end_s=end, start_rate=first, end_rate=last,
        planned_iterations=planned, started_iterations=planned, requests=planned,
        failed=round(planned * (1 - share)), requests_per_s=mean * share,
        asked_requests_per_s=mean, ttft_ms=distribution(210, planned),
        e2e_ms=distribution(1500, planned),
    )  # fmt: skip


def scenario_result(name: str = SCENARIO, **changes: Any) -> ScenarioResult:
    """A scenario that passed, with everything in it."""
    base: dict[str, Any] = {
        "name": name,
        "verdict": "pass",
        "timing": "proxy",
        "started_at": "2026-11-24T10:00:00Z",
        "duration_s": 300.0,
        "k6_exit_code": 0,
        "lanes": [
            LaneResult(name="nonstream", asked_rate=2, planned_iterations=480,
                       started_iterations=480, dropped_iterations=0),
            LaneResult(name="stream", asked_rate=1, planned_iterations=240,
                       started_iterations=240, dropped_iterations=0),
        ],
        "stages": [
            stage_result("stream", (0, 60), (0, 1)),
            stage_result("stream", (60, 240), (1, 1)),
            stage_result("stream", (240, 300), (1, 0)),
        ],
        "requests": Requests(attempted=2880, completed=2880, failed=0, dropped=0),
        "metrics": {
            "ttft_ms": distribution(212.4, 240),
            "itl_ms": distribution(20.3, 15120),
            "tpot_ms": distribution(20.4, 240),
            "e2e_ms": distribution(1490, 720),
            "ttfb_ms": distribution(3.1, 720),
            "finalize_ms": distribution(0.4, 240),
        },
        "throughput": Throughput(
            requests_per_s=9.6, output_tokens_per_s=153.6, tokens_source="usage"
        ),
        "steps": {
            "guest_login": StepResult(
                title="Guest login", kind="guest_login", count=720, duration_ms=distribution(4.2)
            ),
            "chat": StepResult(
                title="Chat completion", kind="chat", lane="nonstream", count=480,
                duration_ms=distribution(1480), metrics={"e2e_ms": distribution(1480)},
            ),
            "chat_stream": StepResult(
                title="Chat completion, streamed", kind="chat", lane="stream", count=240,
                duration_ms=distribution(1500),
                metrics={"ttft_ms": distribution(212.4), "e2e_ms": distribution(1495)},
            ),
        },
        "checks": [
            CheckResult(name="guest login status 200", passes=720, fails=0, step="guest_login"),
            CheckResult(name="completion has choices", passes=480, fails=0, step="chat"),
            CheckResult(name="streaming is whole", passes=240, fails=0, step="chat_stream"),
        ],
        "thresholds": [
            ThresholdResult(metric="checks", expression="rate>0.95", value=1.0, ok=True),
            ThresholdResult(
                metric="completion_time_ms", expression="p(95)<10000", value=2368.0, ok=True
            ),
        ],
        "slo": SloResult(
            goodput=0.9951,
            objectives=[
                Objective(name="ttft", metric="ttft_ms", statistic="p95", comparison="<=",
                          limit=500, value=339.8, ok=True, step="chat_stream"),
                Objective(name="goodput", metric="goodput", statistic="share", comparison=">=",
                          limit=0.99, value=0.9951, ok=True),
            ],
        ),
        "stream_errors": {"ok": 240},
        "validity": Validity(proxy_lag_p99_ms=0.8, proxy_cpu=0.11, client_cpu=0.23),
    }  # fmt: skip
    return ScenarioResult.model_validate({**base, **changes})


def failed_scenario(name: str = SCENARIO, text: str = "") -> ScenarioResult:
    """A scenario that failed in every way; `text` is put wherever a server could put one."""
    return scenario_result(
        name,
        verdict="fail",
        reasons=[
            Reason(kind="objective", message=f"TTFT p95 of Chat completion, streamed was 912 ms, "
                   f"above the limit of 500 ms{text}", value=912, limit=500),
            Reason(kind="stream", message="9 of 240 streams broke: 6 truncated, 3 in_band_error"),
            Reason(kind="check", message=f"12 of 480 failed: completion has choices{text}"),
        ],
        requests=Requests(attempted=2880, completed=2868, failed=21),
        checks=[
            CheckResult(name="guest login status 200", passes=720, fails=0, step="guest_login"),
            CheckResult(name=f"completion has choices{text}", passes=468, fails=12, step="chat"),
            CheckResult(name=f"streaming | is whole{text}", passes=231, fails=9),
        ],
        thresholds=[
            ThresholdResult(metric="checks", expression="rate>0.95", value=0.985, ok=True),
            ThresholdResult(metric="streaming_time_ms", expression="p(95)<1500", value=None,
                            ok=False),
        ],
        slo=SloResult(
            goodput=0.871,
            objectives=[
                Objective(name="ttft", metric="ttft_ms", statistic="p95", comparison="<=",
                          limit=500, value=912.0, ok=False, step="chat_stream"),
                Objective(name="tpot", metric="tpot_ms", statistic="p95", comparison="<=",
                          limit=30, value=None, ok=False, reason=f"no sample{text}"),
            ],
        ),
        stream_errors={"ok": 231, "truncated": 6, "in_band_error": 3},
        steps={
            "chat": StepResult(title=f"Chat completion{text}", kind="chat", lane="nonstream",
                               count=480, failed=12, duration_ms=distribution(1480)),
            f"chat_stream{text}": StepResult(title="", kind="chat", lane="stream", count=240,
                                             failed=9, duration_ms=distribution(1500)),
        },
        unmeasured={"ttft_visible_ms": f"no step talks to the model{text}"},
    )  # fmt: skip


def run_result(*scenarios: ScenarioResult, verdict: Verdict = "pass", **changes: Any) -> RunResult:
    """A run of these scenarios (one that passed, if none is given)."""
    base: dict[str, Any] = {
        "schema": "janbench.result/1",
        "run_id": "20261124T100000Z-a1b2c3",
        "started_at": "2026-11-24T10:00:00Z",
        "duration_s": 301.2,
        "verdict": verdict,
        "exit_code": 0 if verdict == "pass" else 1,
        "janbench_version": "0.1.0",
        "engine": EngineInfo(name="local", k6_version="v1.1.0", k6_path="/usr/bin/k6"),
        "target": TargetInfo(base="http://127.0.0.1:8787", flavour="jan-v1", model="jan-v1-4b"),
        "command": ["run", SCENARIO, "--demo"],
        "scenarios": list(scenarios) if scenarios else [scenario_result()],
    }
    return RunResult.model_validate({**base, **changes})


def records(
    count: int = 600,
    *,
    seed: int = 1,
    duration_s: float = 60.0,
    ttft_ms: float = 200.0,
    itl_ms: float = 20.0,
    tokens: int = 24,
    errors: float = 0.0,
    text: str = "",
) -> list[Record]:
    """Records of logins, plain and streamed completions, a third each; log-normal times."""
    draw = random.Random(seed)
    rows: list[Record] = []
    for i in range(count):
        at = STARTED + duration_s * i / count
        step = ("guest_login", "chat", "chat_stream")[i % 3]
        row: Record = {
            "time": at,
            "start_ns": int(i * 1e6),
            "scenario": SCENARIO,
            "step": step,
            "lane": "stream" if step == "chat_stream" else "nonstream",
            "vu": i % 7,
            "iteration": i // 3,
            "method": "POST",
            "path": "/v1/chat/completions",
            "status": 200,
            "origin": "target",
            "integrity": "ok",
            "stream": step == "chat_stream",
            "ttfb_ms": round(draw.lognormvariate(1.0, 0.3), 3),
            "request_id": f"req-{i}{text}",
        }
        if step == "guest_login":
            row["e2e_ms"] = row["ttfb_ms"] + 0.5
        else:
            first = ttft_ms * draw.lognormvariate(0.0, 0.294)
            gaps = [round(itl_ms * draw.lognormvariate(0.0, 0.2), 3) for _ in range(tokens - 1)]
            row["e2e_ms"] = round(first + sum(gaps), 3)
            row["output_tokens"] = tokens
            row["tokens_source"] = "usage"
            if step == "chat_stream":
                row["ttft_ms"] = round(first, 3)
                row["gaps_ms"] = gaps
                row["tpot_ms"] = round(sum(gaps) / (tokens - 1), 3)
                row["finalize_ms"] = 0.4
        if draw.random() < errors:
            row["integrity"] = draw.choice(["http_error", "truncated", "in_band_error"])
            row["status"] = 500 if row["integrity"] == "http_error" else 200
            row["detail"] = f"upstream said no{text}"
        rows.append(row)
    return rows


def write_records(rows: list[Record], scenario_folder: Path) -> Path:
    """Put records where a run keeps them; gives the Parquet file."""
    scenario_folder.mkdir(parents=True, exist_ok=True)
    lines = scenario_folder / "records-0.jsonl"
    lines.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    parquet = scenario_folder / "requests.parquet"
    assert write_parquet([scenario_folder], parquet)
    return parquet


def write_run(root: Path, run: RunResult, rows: dict[str, list[Record]] | None = None) -> Path:
    """Lay out a run's folder below `root`; gives the folder."""
    folder = root / run.run_id
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(run.to_json(), encoding="utf-8")
    for name, table in (rows or {}).items():
        write_records(table, folder / name)
    return folder

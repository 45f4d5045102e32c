"""Each load shape in real k6: what the server saw is what was asked for."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import EmbeddedServer
from tests.integration.language.running import PING, Ran, run

# shape -> (its keys, iterations that it starts)
OPEN: dict[str, tuple[dict[str, Any], float]] = {
    "constant": ({"rate": 50, "duration": "4s"}, 200),
    "ramp": ({"rate": 60, "duration": "5s", "ramp": "1s"}, 240),
    "stages": (
        {"start_rate": 20, "stages": [
            {"rate": 20, "duration": "2s"}, {"rate": 80, "duration": "2s"},
            {"rate": 30, "duration": "2s", "jump": True}]}, 200,
    ),
    "spike": (
        {"rate": 20, "peak": 100, "before": "1s", "hold": "1s", "after": "2s"}, 160,
    ),
    "soak": ({"rate": 50, "duration": "5s", "ramp": "1s"}, 225),
}  # fmt: skip


def shaped(load: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"steps": [PING], "load": {"iteration_s": 0.2, **load}, **keys}


def passed(ran: Ran) -> None:
    assert ran.code == 0, ran.output


@pytest.mark.parametrize("shape", OPEN)
def test_open_shapes_offer_their_rates(jan: EmbeddedServer, tmp_path: Path, shape: str) -> None:
    keys, wanted = OPEN[shape]
    ran = run(tmp_path, jan, shaped({"shape": shape, **keys}))
    passed(ran)
    assert ran.count() == pytest.approx(wanted, rel=0.02)
    lane = ran.scenario["lanes"][0]
    assert lane["name"] == "main"
    assert lane["planned_iterations"] == pytest.approx(wanted, rel=0.001)
    assert lane["started_iterations"] == ran.count()


def test_each_stage_is_told_apart(jan: EmbeddedServer, tmp_path: Path) -> None:
    """A stage's requests are those of the iterations that began in it, at the server as here."""
    chat = {"kind": "chat", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}
    stages = [
        {"rate": 5, "duration": "2s", "jump": True},
        {"rate": 15, "duration": "2s", "jump": True},
    ]
    load = {"shape": "stages", "stages": stages}
    ran = run(tmp_path, jan, {**shaped(load), "steps": [chat]}, "--timing", "proxy")
    passed(ran)
    slow, fast = ran.scenario["stages"]
    assert (slow["start_s"], slow["end_s"], fast["end_s"]) == (0, 2, 4)
    assert slow["started_iterations"] == slow["requests"] == pytest.approx(10, abs=1)
    assert fast["started_iterations"] == fast["requests"] == pytest.approx(30, abs=1)
    assert slow["requests"] + fast["requests"] == ran.count("/v1/chat/completions")
    assert (slow["asked_requests_per_s"], fast["asked_requests_per_s"]) == (5, 15)
    assert fast["requests_per_s"] == pytest.approx(15, abs=0.5)
    assert slow["e2e_ms"]["count"] == slow["requests"]
    assert "main, 15/s" in ran.output


def test_spike_is_where_it_was_asked_for(jan: EmbeddedServer, tmp_path: Path) -> None:
    ran = run(tmp_path, jan, shaped({"shape": "spike", **OPEN["spike"][0]}))
    passed(ran)
    arrivals = ran.arrivals()  # from the first on, which comes up to 1/20 s after the start
    assert sum(at < 0.9 for at in arrivals) == pytest.approx(18, abs=3)
    assert sum(1 <= at < 1.9 for at in arrivals) == pytest.approx(90, abs=8)
    assert sum(at >= 2.1 for at in arrivals) == pytest.approx(37, abs=6)


def test_concurrency_is_a_closed_loop(jan: EmbeddedServer, tmp_path: Path) -> None:
    scenario = shaped({"shape": "concurrency", "concurrency": 5, "duration": "3s"})
    scenario["steps"] = [{**PING, "think_time_s": 0.0}, {"kind": "chat", "messages": [
        {"role": "user", "content": "Hi"}]}]  # fmt: skip
    ran = run(tmp_path, jan, scenario)
    passed(ran)
    events = [(row["received_ns"], 1) for row in ran.rows if row["end_ns"]]
    events += [(row["end_ns"], -1) for row in ran.rows if row["end_ns"]]
    at_once = most = 0
    for _, change in sorted(events):
        at_once += change
        most = max(most, at_once)
    assert most <= 5
    assert len(ran.rows) > 50


def test_iterations_are_counted(jan: EmbeddedServer, tmp_path: Path) -> None:
    ran = run(tmp_path, jan, shaped({"shape": "iterations", "iterations": 37, "concurrency": 4}))
    passed(ran)
    assert ran.count() == 37


def best(attempt: Callable[[], float], good: float) -> float:
    """The least of up to three errors: on a machine that others use, one attempt has to be good."""
    least = attempt()
    for _ in range(2):
        if least <= good:
            break
        least = min(least, attempt())
    return least


@pytest.mark.alone
def test_poisson_arrivals(jan: EmbeddedServer, tmp_path: Path) -> None:
    def attempt() -> float:
        ran = run(tmp_path, jan, shaped({"shape": "poisson", "rate": 200, "duration": "10s"}))
        passed(ran)
        arrivals = ran.arrivals()
        assert len(arrivals) == 2000
        assert len(arrivals) / arrivals[-1] == pytest.approx(200, rel=0.02)
        assert ran.scenario["validity"]["schedule_lag_p99_ms"] is not None
        return abs(variation(arrivals) - 1)

    assert best(attempt, 0.1) <= 0.1


@pytest.mark.alone
@pytest.mark.parametrize(("burstiness", "wanted"), [(0.25, 2.0), (16, 0.25)])
def test_gamma_arrivals(
    jan: EmbeddedServer, tmp_path: Path, burstiness: float, wanted: float
) -> None:
    load = {"shape": "gamma", "rate": 40, "duration": "5s", "burstiness": burstiness}

    def attempt() -> float:
        ran = run(tmp_path, jan, shaped(load))
        passed(ran)
        assert ran.count() == 200
        return abs(variation(ran.arrivals()) / wanted - 1)

    assert best(attempt, 0.25) <= 0.25


@pytest.mark.alone
def test_trace_is_replayed(jan: EmbeddedServer, tmp_path: Path) -> None:
    offsets = [round(index * 0.01 + (0.004 if index % 3 else 0), 4) for index in range(400)]
    rows = [{"timestamp": at * 1000, "input_length": 10, "output_length": 5} for at in offsets]
    (tmp_path / "trace.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def attempt() -> float:
        ran = run(tmp_path, jan, shaped({"shape": "trace", "file": "trace.jsonl"}))
        passed(ran)
        assert ran.count() == 400
        return start_error(ran.arrivals(), offsets)

    assert best(attempt, 0.010) <= 0.010


def start_error(arrivals: list[float], offsets: list[float]) -> float:
    """The 99th percentile of how far starts are from what was asked, in seconds.

    The first arrival may itself be late: starts are compared by their median distance.
    """
    lateness = [at - wanted for at, wanted in zip(arrivals, offsets, strict=True)]
    middle = statistics.median(lateness)
    return sorted(abs(late - middle) for late in lateness)[int(0.99 * len(lateness))]


def variation(arrivals: list[float]) -> float:
    """The coefficient of variation of the gaps."""
    gaps = [b - a for a, b in itertools.pairwise(arrivals)]
    return statistics.stdev(gaps) / statistics.fmean(gaps)


def test_each_lane_has_its_own_shape(jan: EmbeddedServer, tmp_path: Path) -> None:
    scenario = {
        "load": {"iteration_s": 0.2, "lanes": {
            "nonstream": {"shape": "constant", "rate": 20, "duration": "3s"},
            "stream": {"shape": "iterations", "iterations": 9, "concurrency": 3}}},
        "steps": [
            {**PING, "id": "a", "lane": "nonstream"},
            {"kind": "chat", "id": "b", "lane": "stream",
             "messages": [{"role": "user", "content": "Hi"}]},
        ],
    }  # fmt: skip
    ran = run(tmp_path, jan, scenario)
    passed(ran)
    assert ran.count() == pytest.approx(60, abs=1)
    chats = [row for row in ran.rows if row["path"] == "/v1/chat/completions"]
    assert [row["stream"] for row in chats] == [True] * 9


def test_warm_up_and_cool_down_are_sent_but_not_counted(
    jan: EmbeddedServer, tmp_path: Path
) -> None:
    load = {"shape": "constant", "rate": 30, "duration": "2s", "warmup": "2s", "cooldown": "1s"}
    scenario = shaped(load, thresholds={"http_reqs": ["count<=135"], "ping_ms": ["max>=0"]})
    scenario["steps"] = [{**PING, "metric": "ping_ms"}, {"kind": "chat", "stream": True,
                         "messages": [{"role": "user", "content": "Hi"}]}]  # fmt: skip
    ran = run(tmp_path, jan, scenario)
    passed(ran)
    assert ran.count() == pytest.approx(150, abs=4)
    told = ran.scenario
    assert told["requests"]["attempted"] == pytest.approx(125, abs=8)
    assert told["iterations"] == pytest.approx(60, abs=2)
    assert told["steps"]["ping"]["count"] == pytest.approx(60, abs=2)
    assert told["stream_errors"] == {"ok": told["iterations"]}
    assert told["metrics"]["ttft_ms"]["count"] == told["iterations"]
    assert (
        sum(c["passes"] for c in told["checks"] if c["name"] == "ping status 200")
        == (told["iterations"])
    )


def test_budget_of_requests_is_never_exceeded(jan: EmbeddedServer, tmp_path: Path) -> None:
    load = {"shape": "constant", "rate": 50, "duration": "60s", "budget": {"max_requests": 75}}
    ran = run(tmp_path, jan, shaped(load))
    passed(ran)
    assert 73 <= ran.count() <= 75
    assert ran.scenario["duration_s"] < 20


def test_budget_of_a_closed_loop(jan: EmbeddedServer, tmp_path: Path) -> None:
    load = {"shape": "concurrency", "concurrency": 3, "duration": "60s",
            "budget": {"max_requests": 20}}  # fmt: skip
    ran = run(tmp_path, jan, shaped(load))
    passed(ran)
    assert ran.count() == 20


def test_budget_of_a_classic_load(jan: EmbeddedServer, tmp_path: Path) -> None:
    load = {"duration_min": 0.3, "nonstream_rps": 9, "stream_rps": 6, "iteration_s": 0.2,
            "budget": {"max_requests": 50, "max_duration": "30s"}}  # fmt: skip
    scenario = {"steps": [PING], "load": load}
    ran = run(tmp_path, jan, scenario)
    passed(ran)
    assert 46 <= ran.count() <= 50


def test_budget_of_tokens_ends_the_run_in_order(jan: EmbeddedServer, tmp_path: Path) -> None:
    scenario = {
        "load": {"shape": "constant", "rate": 20, "duration": "60s", "iteration_s": 0.2,
                 "budget": {"max_tokens_total": 300}},
        "steps": [{"kind": "chat", "messages": [{"role": "user", "content": "One two three"}]}],
    }  # fmt: skip
    ran = run(tmp_path, jan, scenario)
    passed(ran)
    told = ran.scenario
    assert told["verdict"] == "pass"
    assert "budget" in [reason["kind"] for reason in told["reasons"]]
    assert told["duration_s"] < 30
    assert told["requests"]["failed"] == 0

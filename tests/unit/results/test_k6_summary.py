"""k6's summary in its three shapes, as k6 1.x and 2.x write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from janbench.errors import EngineError
from janbench.results.k6.summary import parse_summary, read_summary

TREND = {
    "avg": 20.0, "min": 10.0, "med": 18.0, "max": 40.0, "p(90)": 35.0, "p(95)": 38.0,
    "p(99)": 39.5, "count": 50,
}  # fmt: skip

HANDLE_SUMMARY: dict[str, Any] = {
    "root_group": {
        "name": "", "path": "", "id": "d4", "groups": [
            {"name": "inner", "groups": [], "checks": [
                {"name": "in group", "passes": 1, "fails": 0}]}
        ],
        "checks": [{"name": "status 200", "passes": 48, "fails": 2}],
    },
    "options": {}, "state": {"testRunDurationMs": 1000},
    "metrics": {
        "http_req_duration": {"type": "trend", "contains": "time", "values": TREND,
                              "thresholds": {"p(95)<30": {"ok": False}}},
        "http_reqs": {"type": "counter", "contains": "default",
                      "values": {"count": 50, "rate": 5.0}},
        "http_req_failed": {"type": "rate", "contains": "default",
                            "values": {"rate": 0.04, "passes": 2, "fails": 48},
                            "thresholds": {"rate<0.05": {"ok": True}}},
        "http_reqs{step:chat}": {"type": "counter", "contains": "default",
                                 "values": {"count": 20, "rate": 2.0},
                                 "thresholds": {"count>=0": {"ok": True}}},
    },
}  # fmt: skip

EXPORTED: dict[str, Any] = {
    "root_group": {
        "name": "", "path": "", "id": "d4",
        "groups": {"inner": {"name": "inner", "groups": {}, "checks": {
            "in group": {"name": "in group", "passes": 1, "fails": 0}}}},
        "checks": {"status 200": {"name": "status 200", "passes": 48, "fails": 2}},
    },
    "metrics": {
        "http_req_duration": {**TREND, "thresholds": {"p(95)<30": True}},
        "http_reqs": {"count": 50, "rate": 5.0},
        "http_req_failed": {"value": 0.04, "passes": 2, "fails": 48,
                            "thresholds": {"rate<0.05": False}},
        "http_reqs{step:chat}": {"count": 20, "rate": 2.0, "thresholds": {"count>=0": False}},
    },
}  # fmt: skip

MACHINE: dict[str, Any] = {
    "version": "1.0.0",
    "config": {"script": "script.js"},
    "metadata": {"generatedAt": "2026-01-01T00:00:00Z", "k6Version": "2.2.0"},
    "results": {
        "checks": {"results": [{"name": "status 200", "passes": 48, "fails": 2},
                               {"name": "in group", "passes": 1, "fails": 0}]},
        "metrics": [
            {"name": "http_req_duration", "type": "trend", "contains": "time", "values": TREND},
            {"name": "http_reqs", "type": "counter", "contains": "default",
             "values": {"count": 50, "rate": 5.0}},
            {"name": "http_req_failed", "type": "rate", "contains": "default",
             "values": {"rate": 0.04, "passes": 2, "fails": 48}},
            {"name": "http_reqs{step:chat}", "type": "counter", "contains": "default",
             "values": {"count": 20, "rate": 2.0}},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "shape", [HANDLE_SUMMARY, EXPORTED, MACHINE], ids=["handle", "export", "machine"]
)
def test_same_figures_in_every_shape(shape: dict[str, Any]) -> None:
    summary = parse_summary(shape)
    assert summary.count("http_reqs") == 50
    assert summary.passes("http_req_failed") == 2
    assert summary.values["http_req_failed"]["rate"] == pytest.approx(0.04)
    duration = summary.distribution("http_req_duration")
    assert duration is not None
    assert (duration.count, duration.mean, duration.p95, duration.max) == (50, 20.0, 38.0, 40.0)
    assert summary.submetrics("http_reqs", "step")["chat"]["count"] == 20
    assert [(c.name, c.passes, c.fails) for c in summary.checks] == [
        ("status 200", 48, 2), ("in group", 1, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [HANDLE_SUMMARY, EXPORTED], ids=["handle", "export"])
def test_thresholds_mean_the_same_in_both_shapes(shape: dict[str, Any]) -> None:
    thresholds = {
        (t.metric, t.expression): (t.ok, t.value) for t in parse_summary(shape).thresholds()
    }
    assert thresholds == {
        ("http_req_duration", "p(95)<30"): (False, 38.0),
        ("http_req_failed", "rate<0.05"): (True, 0.04),
    }


def test_metric_without_samples_is_absent() -> None:
    empty = {"metrics": {"llm_ttft_ms": {"avg": 0, "min": 0, "med": 0, "max": 0, "count": 0,
                                         "thresholds": {"p(95)<800": False}}}}  # fmt: skip
    summary = parse_summary(empty)
    assert summary.distribution("llm_ttft_ms") is None
    assert summary.thresholds()[0].value is None


def test_lost_and_broken_files(tmp_path: Path) -> None:
    assert read_summary(tmp_path / "none.json") is None
    (tmp_path / "cut.json").write_text(json.dumps(EXPORTED)[:100])
    assert read_summary(tmp_path / "cut.json") is None
    with pytest.raises(EngineError, match="doesn't know"):
        parse_summary({"something": "else"})


def test_a_gauge_of_nothing_but_zeros_proves_nothing() -> None:
    """One that was never set looks the same to k6, and holds any upper limit."""

    def held(value: float) -> bool:
        gauge = {"type": "gauge", "values": {"value": value, "min": 0, "max": value},
                 "thresholds": {"value<5": {"ok": True}}}  # fmt: skip
        return parse_summary({"metrics": {"queue_length": gauge}}).thresholds()[0].ok

    assert held(1)
    assert not held(0)

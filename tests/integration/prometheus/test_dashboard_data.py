"""The dashboard against a real Prometheus that real runs have just pushed to.

Every expression of every panel, rule, alert and variable returns data, and the figures that matter
are those of result.json, in the panel's unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml

from janbench.model.results.result import RunResult
from janbench.results.prometheus.rebuild import Source, result_from_prometheus
from tests.integration.prometheus.dashboard_queries import (
    Prometheus,
    Vector,
    filled_in,
    panel_queries,
    variable_queries,
)
from tests.integration.prometheus.runs import RULES, Runs, case_tag, pushed_runs

pytestmark = pytest.mark.alone

# A native histogram's buckets grow by 2^(1/8), so that a percentile may be off by as much.
BUCKET = 2 ** (1 / 8) - 1
CLOSE = 0.02
GAUGE_SERIES = 1500
HISTOGRAM_SERIES = 450
COMPARISON = re.compile(r"^(?P<value>.+?)\s+>\s+[\d.]+$", re.DOTALL)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with pushed_runs(tmp_path_factory.mktemp("runs")) as made:
        yield made


@pytest.fixture(scope="module")
def prometheus(runs: Runs) -> Prometheus:
    return Prometheus(runs.prometheus.url, runs.window)


def _values(prometheus: Prometheus, testid: str) -> dict[str, str]:
    return {
        **prometheus.window.built_in,
        "environment": ".*",
        "test_case": ".*",
        "step": ".*",
        "testid": testid,
        "baseline": "gauges",
        "candidate": "native",
    }


def _shown(prometheus: Prometheus, title: str, testid: str, row: str = "") -> Vector:
    (query,) = [
        q for q in panel_queries() if q.panel == title and q.place.startswith(row) and q.instant
    ]
    return prometheus.last(filled_in(query.expr, _values(prometheus, testid)))


@pytest.mark.parametrize("testid", ["gauges", "native"])
def test_every_panel_shows_data(prometheus: Prometheus, testid: str) -> None:
    empty = []
    for query in panel_queries():
        if testid == "gauges" and "native histograms only" in query.place:
            continue
        expr = filled_in(query.expr, _values(prometheus, testid))
        found = prometheus.last(expr) if query.instant else prometheus.over_time(expr)
        if not found:
            empty.append(query.place)
    assert empty == []


def test_every_variable_has_values(prometheus: Prometheus) -> None:
    found = {
        name: prometheus.label_values(query, _values(prometheus, ".*"))
        for name, query in variable_queries()
    }
    assert found["testid"] == ["gauges", "native"] == found["baseline"] == found["candidate"]
    assert found["test_case"] == ["completion-conversation", "completion-standard", "responses"]
    assert len(found["environment"]) >= 1
    assert {"guest_login", "chat", "chat_stream", "list_items", "response"} <= set(found["step"])


def test_every_rule_has_data(prometheus: Prometheus) -> None:
    empty = []
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                expr = rule["record"]
            else:
                match = COMPARISON.match(rule["expr"])
                assert match, rule["expr"]
                expr = match["value"]
            if not prometheus.over_time(expr):
                empty.append(rule.get("record") or rule["alert"])
    assert empty == []


@pytest.mark.parametrize("panel", ["TTFT p95", "e2e p95"])
@pytest.mark.parametrize(("testid", "tolerance"), [("gauges", CLOSE), ("native", BUCKET + CLOSE)])
def test_latencies_are_those_of_the_result(
    runs: Runs, prometheus: Prometheus, panel: str, testid: str, tolerance: float
) -> None:
    metric = {"TTFT p95": "ttft_ms", "e2e p95": "e2e_ms"}[panel]
    shown = {
        labels["step"]: value for labels, value in _shown(prometheus, panel, testid, "Model (LLM)")
    }
    measured = {
        step: found.metrics[metric].p95
        for scenario in getattr(runs, testid).scenarios
        for step, found in scenario.steps.items()
        if metric in found.metrics
    }
    assert len(measured) >= 4
    assert shown.keys() == measured.keys()
    for step, milliseconds in measured.items():
        assert milliseconds is not None
        assert shown[step] == pytest.approx(milliseconds / 1000, rel=tolerance), step


@pytest.mark.parametrize("testid", ["gauges", "native"])
@pytest.mark.parametrize("panel", ["Error rate", "Goodput", "Verdict", "Dropped iterations"])
def test_shares_and_verdict_are_those_of_the_result(
    runs: Runs, prometheus: Prometheus, panel: str, testid: str
) -> None:
    shown = {
        labels["test_case"]: value
        for labels, value in _shown(prometheus, panel, testid, "Verdict at a glance")
    }
    assert len(shown) == 3
    result: RunResult = getattr(runs, testid)
    for scenario in result.scenarios:
        requests_ = scenario.requests
        offered = requests_.attempted + requests_.dropped
        expected = {
            "Error rate": requests_.failed / requests_.attempted,
            "Goodput": (requests_.attempted - requests_.failed) / offered,
            "Verdict": {"pass": 0, "fail": 1}[scenario.verdict],
            "Dropped iterations": requests_.dropped,
        }[panel]
        assert shown[case_tag(scenario.name)] == pytest.approx(expected, rel=CLOSE)


def test_faults_were_seen(runs: Runs) -> None:
    """Without failures the comparisons above would prove little."""
    for result in (runs.gauges, runs.native):
        assert sum(scenario.requests.failed for scenario in result.scenarios) > 5
        kinds = {k for scenario in result.scenarios for k in scenario.stream_errors}
        assert {"ok", "in_band_error"} <= kinds


def test_units_of_the_figures(prometheus: Prometheus) -> None:
    units = {query.panel: query.unit for query in panel_queries()}
    assert units["TTFT p95"] == units["e2e p95"] == "s"
    assert units["Error rate"] == "percentunit"


@pytest.mark.parametrize(
    ("testid", "most"), [("gauges", GAUGE_SERIES), ("native", HISTOGRAM_SERIES)]
)
def test_a_run_makes_a_bounded_number_of_series(
    prometheus: Prometheus, testid: str, most: int
) -> None:
    span = prometheus.window.built_in["__range"]
    found = prometheus.last(
        f'count by (test_case) (last_over_time({{testid="{testid}",__name__=~"k6_.+"}}[{span}]))'
    )
    assert len(found) == 3
    for labels, value in found:
        assert 50 < value < most, labels


def test_series_carry_the_tags_that_tell_runs_apart_and_none_without_end(
    prometheus: Prometheus,
) -> None:
    series = prometheus.series('{testid="gauges",__name__=~"k6_.+"}')
    model = [s for s in series if s["__name__"].startswith("k6_llm_ttft_ms")]
    assert model
    for one in model:
        assert {"testid", "test_case", "environment", "model", "step", "lane"} <= one.keys()
    for one in series:
        assert not {"url", "error", "vu", "iter"} & one.keys()
        assert not any("conv_" in value for value in one.values())


def test_a_result_rebuilt_from_prometheus(runs: Runs) -> None:
    rebuilt = result_from_prometheus(Source(runs.prometheus.url, "native"))
    assert rebuilt.testid == "native"
    assert [reason.kind for reason in rebuilt.reasons] == ["prometheus"]
    assert rebuilt.verdict == runs.native.verdict
    found = {scenario.name: scenario for scenario in rebuilt.scenarios}
    assert len(found) == 3
    for original in runs.native.scenarios:
        scenario = found[case_tag(original.name)]
        assert scenario.requests == original.requests
        assert scenario.verdict == original.verdict
        assert scenario.timing == "proxy"
        for step, figures in original.steps.items():
            assert scenario.steps[step].count == figures.count
            assert scenario.steps[step].failed == figures.failed
        for name in ("ttft_ms", "tpot_ms", "e2e_ms"):
            ours, theirs = scenario.metrics[name], original.metrics[name]
            assert ours.count == theirs.count
            assert ours.mean == pytest.approx(theirs.mean, rel=CLOSE)
            assert ours.p95 == pytest.approx(theirs.p95, rel=BUCKET + CLOSE)
        assert "itl_ms" in scenario.unmeasured


def test_a_result_rebuilt_from_gauges_has_counts_and_says_what_is_missing(runs: Runs) -> None:
    rebuilt = result_from_prometheus(Source(runs.prometheus.remote_write, "gauges"))
    found = {scenario.name: scenario for scenario in rebuilt.scenarios}
    for original in runs.gauges.scenarios:
        scenario = found[case_tag(original.name)]
        assert scenario.requests == original.requests
        assert scenario.metrics == {}
        assert "--native-histograms" in scenario.unmeasured["ttft_ms"]

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from janbench.model.results.result import Reason, RunResult, Verdict
from janbench.reports.junit import junit
from tests.factories import failed_scenario, run_result, scenario_result
from tests.unit.reports.golden_cases import broken, mixed, passed

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
HOSTILE = "</failure>]]>\x00\x1b[31m\ufffe\ud800 <script>&\"'"


@pytest.mark.parametrize(
    "run", [passed(), mixed(), broken(), run_result(failed_scenario(text=HOSTILE), verdict="fail")]
)
def test_valid_against_the_schema(run: RunResult) -> None:
    SCHEMA.validate(junit(run))


@pytest.mark.parametrize("run", [passed(), mixed(), broken()])
def test_counts_are_those_of_the_cases(run: RunResult) -> None:
    root = ET.fromstring(junit(run).encode())
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    for total in ("tests", "failures", "errors"):
        parts = [int(suite.attrib[total]) for suite in root.iter("testsuite")]
        assert int(root.attrib[total]) == sum(parts)


@pytest.mark.parametrize(
    ("verdict", "failures", "errors"),
    [("pass", 0, 0), ("fail", 1, 0), ("invalid", 0, 1), ("error", 0, 1), ("interrupted", 0, 1)],
)
def test_no_verdict_but_pass_looks_green(verdict: Verdict, failures: int, errors: int) -> None:
    reason = Reason(kind="script", message="the script threw 12 exceptions")
    scenario = scenario_result(verdict=verdict, reasons=[] if verdict == "pass" else [reason])
    text = junit(run_result(scenario, verdict=verdict))
    root = ET.fromstring(text.encode())
    assert (int(root.attrib["failures"]), int(root.attrib["errors"])) == (failures, errors)
    assert ("the script threw" in text) == (verdict != "pass")


def test_a_run_cut_off_between_scenarios_is_an_error() -> None:
    run = run_result(verdict="interrupted", reasons=[Reason(kind="interrupted", message="Ctrl-C")])
    root = ET.fromstring(junit(run).encode())
    assert root.attrib["errors"] == "1"

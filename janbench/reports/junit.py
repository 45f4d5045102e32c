"""JUnit XML, valid against the schema of the Jenkins xUnit plugin (junit-10.xsd).

A test suite for each scenario; a test case for each check of each step, each objective, each
threshold, the integrity of the streams, and one that says whether the run can be trusted at all:
that one carries an `error` where the verdict is invalid, error or interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from janbench.model.metric import title_of, unit_of
from janbench.model.results.result import RunResult, ScenarioResult
from janbench.reports import figures

# What XML 1.0 can't hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Case(NamedTuple):
    classname: str
    name: str
    failure: str = ""
    error: str = ""
    kind: str = ""


def junit(run: RunResult) -> str:
    """Return the text of `junit.xml`."""
    root = ET.Element("testsuites", {"name": "janbench", "time": _seconds(run.duration_s)})
    suites = [_suite(run, scenario) for scenario in run.scenarios]
    if run.verdict not in {"pass", *(scenario.verdict for scenario in run.scenarios)}:
        suites.append(_broken_run(run))
    for suite in suites:
        root.append(suite)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: RunResult, scenario: ScenarioResult) -> ET.Element:
    cases = list(_cases(scenario))
    if scenario.verdict == "fail" and not any(case.failure for case in cases):
        # A scenario that failed for something that is no case of its own must not look green.
        message = _sentences([reason.message for reason in scenario.reasons])
        message = message or "the verdict is fail"
        cases.append(_Case(f"{scenario.name}.verdict", "verdict", failure=message, kind="fail"))
    suite = _suite_of(
        cases, scenario.name, scenario.duration_s, scenario.started_at or run.started_at
    )
    suite.insert(0, _properties(run, scenario))
    facts = "\n".join(_facts(scenario))
    if facts:
        ET.SubElement(suite, "system-out").text = _clean(facts)
    return suite


def _suite_of(cases: list[_Case], name: str, duration_s: float, started_at: str) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        {
            "name": _clean(name),
            "tests": str(len(cases)),
            "failures": str(sum(bool(case.failure) for case in cases)),
            "errors": str(sum(bool(case.error) for case in cases)),
            "skipped": "0",
            "time": _seconds(duration_s),
            "timestamp": _clean(started_at),
        },
    )
    for case in cases:
        suite.append(_element(case))
    return suite


def _element(case: _Case) -> ET.Element:
    element = ET.Element(
        "testcase", {"classname": _clean(case.classname), "name": _clean(case.name)}
    )
    for tag, message in (("failure", case.failure), ("error", case.error)):
        if message:
            first = message.splitlines()[0]
            attributes = {"type": case.kind, "message": _clean(first)}
            ET.SubElement(element, tag, attributes).text = _clean(message)
    return element


def _broken_run(run: RunResult) -> ET.Element:
    message = _sentences([reason.message for reason in run.reasons]) or "no scenario was run"
    cases = [_Case("janbench", "run", error=message, kind=run.verdict)]
    return _suite_of(cases, "janbench", run.duration_s, run.started_at)


def _cases(scenario: ScenarioResult) -> Iterator[_Case]:
    yield _trust(scenario)
    for check in scenario.checks:
        total = check.passes + check.fails
        failed = f"{check.fails:,} of {total:,} failed: {check.name}" if check.fails else ""
        yield _Case(
            f"{scenario.name}.{check.step or 'checks'}", check.name, failure=failed, kind="check"
        )
    for objective in scenario.slo.objectives:
        unit = unit_of(objective.metric)
        wanted = f"{objective.comparison} {figures.limit(objective.limit, unit)}"
        figure = figures.statistic_of(title_of(objective.metric), objective.statistic)
        name = f"{figure} {wanted}"
        if objective.step:
            name = f"{objective.step}: {name}"
        seen = objective.reason or f"was {figures.in_unit(objective.value, unit)}"
        yield _Case(
            f"{scenario.name}.objectives",
            name,
            failure="" if objective.ok else f"{name}: {seen}",
            kind="objective",
        )
    for threshold in scenario.thresholds:
        name = f"{threshold.metric}: {threshold.expression}"
        unit = unit_of(threshold.metric)
        seen = (
            "had no samples" if threshold.value is None else figures.in_unit(threshold.value, unit)
        )
        yield _Case(
            f"{scenario.name}.thresholds",
            name,
            failure="" if threshold.ok else f"{name}: {seen}",
            kind="threshold",
        )
    if scenario.stream_errors:
        bad = {kind: n for kind, n in scenario.stream_errors.items() if kind != "ok" and n}
        listed = ", ".join(f"{n:,} {kind}" for kind, n in bad.items())
        yield _Case(
            f"{scenario.name}.streams",
            "every stream is whole",
            failure=f"broken streams: {listed}" if bad else "",
            kind="stream",
        )


def _trust(scenario: ScenarioResult) -> _Case:
    untrusted = scenario.verdict in ("invalid", "error", "interrupted")
    message = ""
    if untrusted:
        message = _sentences([reason.message for reason in scenario.reasons])
        message = message or f"the verdict is {scenario.verdict}"
    return _Case(
        f"{scenario.name}.measurement",
        "the measurement can be trusted",
        error=message,
        kind=scenario.verdict,
    )


def _properties(run: RunResult, scenario: ScenarioResult) -> ET.Element:
    properties = ET.Element("properties")
    pairs = {
        "run": run.run_id,
        "verdict": scenario.verdict,
        "target": run.target.base,
        "model": run.target.model,
        "flavour": run.target.flavour,
        "timing": scenario.timing,
        "engine": f"{run.engine.name} {run.engine.k6_version}".strip(),
        "instances": str(run.engine.instances),
        "janbench": run.janbench_version,
    }
    for name, value in pairs.items():
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    return properties


def _facts(scenario: ScenarioResult) -> Iterator[str]:
    for reason in scenario.reasons:
        yield f"{reason.kind}: {reason.message}"
    for name, figure in scenario.metrics.items():
        unit = unit_of(name)
        parts = [
            f"{statistic} {figures.in_unit(getattr(figure, statistic), unit)}"
            for statistic in ("p50", "p95", "p99", "max")
            if getattr(figure, statistic) is not None
        ]
        yield f"{title_of(name)} ({name}): {', '.join(parts)}; {figure.count:,} samples"


def _sentences(messages: list[str]) -> str:
    return "\n".join(message for message in messages if message)


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

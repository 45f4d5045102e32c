"""The Markdown summary: for a step summary, a pull request's comment, or a wiki.

Texts that came from elsewhere are escaped: they format nothing, mention nobody, break no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from janbench.model.metric import HEADLINES, title_of, unit_of
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import Reason, RunResult, ScenarioResult
from janbench.reports import figures, stages
from janbench.reports.table import markdown_table

MARKS = {"pass": "✅", "fail": "❌", "invalid": "⚠️", "error": "🛑", "interrupted": "⏹️"}
_STATISTICS = ("p50", "p95", "p99", "max")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_MESSAGES = 8


def markdown(run: RunResult) -> str:
    """Return the text of `summary.md`."""
    return "\n".join(_lines(run)).rstrip() + "\n"


def escape(text: str) -> str:
    """Make text from elsewhere plain: one line, no markup, no HTML, no mention of a person."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", flat).replace("@", "&#64;")


def _lines(run: RunResult) -> Iterator[str]:
    yield f"## {MARKS[run.verdict]} janbench: {run.verdict}"
    yield ""
    target = f"{escape(run.target.model)} at {escape(run.target.base)}"
    yield (
        f"{target} ({escape(run.target.flavour)}), {figures.length(run.duration_s)}, "
        f"run {escape(run.run_id)}"
    )
    yield ""
    yield from _reasons(run.reasons)
    if len(run.scenarios) > 1:
        yield from _overview(run.scenarios)
    for scenario in run.scenarios:
        yield from _scenario(scenario)
    yield (
        f"<sub>janbench {escape(run.janbench_version)}, {escape(run.engine.name)} engine, "
        f"k6 {escape(run.engine.k6_version) or 'of unknown version'}{_instances(run)}</sub>"
    )


def _instances(run: RunResult) -> str:
    return f", {run.engine.instances} instances" if run.engine.instances > 1 else ""


def _overview(scenarios: Sequence[ScenarioResult]) -> Iterator[str]:
    head = ["Scenario", "Verdict", "Requests", "Failed", "TTFT p95", "E2E p95", "Tokens/s"]
    rows = [
        [
            escape(scenario.name),
            f"{MARKS[scenario.verdict]} {scenario.verdict}",
            figures.count(scenario.requests.attempted),
            figures.count(scenario.requests.failed),
            *(figures.milliseconds(_p95(scenario.metrics.get(name))) for name in HEADLINES),
            figures.rate(scenario.throughput.output_tokens_per_s),
        ]
        for scenario in scenarios
    ]
    yield from markdown_table(head, rows, (0, 1))
    yield ""


def _scenario(scenario: ScenarioResult) -> Iterator[str]:
    yield f"### {MARKS[scenario.verdict]} {escape(scenario.name)}: {scenario.verdict}"
    yield ""
    yield from _reasons(scenario.reasons)
    yield from _limits(scenario)
    yield from _metrics(scenario)
    yield from _stages(scenario)
    yield from _steps(scenario)
    yield from _failed_checks(scenario)
    yield from _streams(scenario)


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    for reason in reasons[:_MESSAGES]:
        yield f"- {escape(reason.message)}"
    if len(reasons) > _MESSAGES:
        yield f"- and {len(reasons) - _MESSAGES} more"
    if reasons:
        yield ""


def _limits(scenario: ScenarioResult) -> Iterator[str]:
    rows = []
    for objective in scenario.slo.objectives:
        unit = unit_of(objective.metric)
        where = f"{escape(objective.step)}: " if objective.step else ""
        rows.append(
            [
                MARKS["pass" if objective.ok else "fail"],
                where
                + escape(figures.statistic_of(title_of(objective.metric), objective.statistic)),
                figures.in_unit(objective.value, unit),
                f"{_comparison(objective.comparison)} {figures.limit(objective.limit, unit)}",
            ]
        )
    for threshold in scenario.thresholds:
        unit = unit_of(threshold.metric)
        rows.append(
            [
                MARKS["pass" if threshold.ok else "fail"],
                escape(threshold.metric),
                figures.in_unit(threshold.value, unit),
                escape(figures.expression(threshold.expression, unit)),
            ]
        )
    if rows:
        yield from markdown_table(["", "Objective", "Measured", "Limit"], rows, (0, 1))
        yield ""
    if scenario.slo.goodput is not None:
        yield f"Goodput: {figures.share(scenario.slo.goodput)} of requests met every objective."
        yield ""


def _comparison(sign: str) -> str:
    return {"<=": "≤", ">=": "≥"}[sign]


def _metrics(scenario: ScenarioResult) -> Iterator[str]:
    rows = [
        [f"{title_of(name)}", *(_value(figure, name, s) for s in _STATISTICS), f"{figure.count:,}"]
        for name, figure in scenario.metrics.items()
    ]
    if rows:
        head = ["Metric", *_STATISTICS, "Samples"]
        yield from markdown_table(head, [[escape(row[0]), *row[1:]] for row in rows])
        yield ""
    for name, why in scenario.unmeasured.items():
        yield f"- {escape(title_of(name))} wasn't measured: {escape(why)}"
    if scenario.unmeasured:
        yield ""


def _stages(scenario: ScenarioResult) -> Iterator[str]:
    held = stages.held(scenario)
    if held:
        yield f"Held requests/s to the model, of those asked for: {escape(', '.join(held))}."
        yield ""
    if stages.are_told(scenario):
        rows = [[escape(cell) for cell in row] for row in stages.rows(scenario)]
        yield from markdown_table(stages.HEAD, rows, stages.TEXT_COLUMNS)
        yield ""


def _steps(scenario: ScenarioResult) -> Iterator[str]:
    rows = [
        [
            escape(step.title or name),
            f"{step.count:,}",
            f"{step.failed:,}",
            *(
                figures.milliseconds(getattr(step.duration_ms, s, None))
                for s in ("p50", "p95", "p99")
            ),
        ]
        for name, step in scenario.steps.items()
    ]
    if rows:
        yield "<details><summary>Steps</summary>"
        yield ""
        yield from markdown_table(["Step", "Requests", "Failed", "p50", "p95", "p99"], rows)
        yield ""
        yield "</details>"
        yield ""


def _failed_checks(scenario: ScenarioResult) -> Iterator[str]:
    rows = [
        [escape(check.name), f"{check.fails:,}", f"{check.passes + check.fails:,}"]
        for check in scenario.checks
        if check.fails
    ]
    if rows:
        yield from markdown_table(["Failed check", "Failed", "Of"], rows)
        yield ""


def _streams(scenario: ScenarioResult) -> Iterator[str]:
    bad = [(kind, n) for kind, n in scenario.stream_errors.items() if kind != "ok" and n]
    if bad:
        listed = ", ".join(f"{n:,} {escape(kind)}" for kind, n in bad)
        yield f"Broken streams: {listed}."
        yield ""


def _value(figure: Distribution, name: str, statistic: str) -> str:
    return figures.in_unit(getattr(figure, statistic), unit_of(name))


def _p95(figure: Distribution | None) -> float | None:
    return figure.p95 if figure else None

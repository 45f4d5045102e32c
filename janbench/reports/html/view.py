"""A result as the rows of text that the page's template lays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from janbench.model.metric import CHARTED, METRICS, title_of, unit_of
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import RunResult, ScenarioResult
from janbench.model.results.series import ScenarioSeries
from janbench.reports import figures, stages
from janbench.reports.html.chart import Chart

VERDICT_WORDS = {
    "pass": "Every check, threshold and objective held.",
    "fail": "The target missed a check, a threshold or an objective.",
    "invalid": "The measurement can't be trusted: the load generator shaped the result.",
    "error": "The run couldn't be carried out.",
    "interrupted": "The run was stopped before its end.",
}
_STATISTICS = ("min", "mean", "p50", "p90", "p95", "p99", "max")


@dataclass(frozen=True)
class Card:
    """A key figure: what it is, the figure, and what stands beside it."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class LimitRow:
    """An objective or a threshold and how it came out."""

    name: str
    measured: str
    limit: str
    ok: bool
    note: str = ""


@dataclass(frozen=True)
class ScenarioView:
    """One scenario's part of the page."""

    anchor: str
    result: ScenarioResult
    cards: Sequence[Card]
    limits: Sequence[LimitRow]
    metrics: Sequence[Sequence[str]]
    steps: Sequence[Sequence[str]]
    checks: Sequence[Sequence[str]]
    checks_failed: bool
    lanes: Sequence[Sequence[str]]
    stages: Sequence[Sequence[str]]
    validity: Sequence[tuple[str, str]]
    streams: Sequence[tuple[str, str]]
    charts: Sequence[Chart] = ()
    slowest: Chart | None = None
    errors: Sequence[Sequence[str]] = field(default_factory=list)
    without_charts: str = ""


def step_titles(scenario: ScenarioResult) -> dict[str, str]:
    """Return each step's title; steps of the same title are told apart by their id."""
    plain = {name: step.title or name for name, step in scenario.steps.items()}
    return {
        name: title if list(plain.values()).count(title) == 1 else f"{title} ({name})"
        for name, title in plain.items()
    }


def scenario_view(
    anchor: str,
    scenario: ScenarioResult,
    series: ScenarioSeries | None,
    charts: Sequence[Chart],
    slowest: Chart | None,
) -> ScenarioView:
    """Collect the texts of a scenario."""
    return ScenarioView(
        anchor=anchor,
        result=scenario,
        cards=_cards(scenario),
        limits=_limits(scenario),
        metrics=[_metric_row(name, figure) for name, figure in scenario.metrics.items()],
        steps=[_step_row(scenario, name) for name in scenario.steps],
        checks=_checks(scenario),
        checks_failed=any(check.fails for check in scenario.checks),
        lanes=_lanes(scenario),
        stages=stages.rows(scenario),
        validity=_validity(scenario),
        streams=[(kind, f"{n:,}") for kind, n in sorted(scenario.stream_errors.items()) if n],
        charts=charts,
        slowest=slowest,
        errors=_error_rows(series, step_titles(scenario)) if series else [],
        without_charts="" if series else _why_no_charts(scenario),
    )


def metric_definitions(run: RunResult) -> list[tuple[str, str, str]]:
    """Return name, title and definition of every metric that the run shows."""
    shown = {name for scenario in run.scenarios for name in scenario.metrics}
    shown |= {o.metric for s in run.scenarios for o in s.slo.objectives}
    shown |= {"requests_per_s", "output_tokens_per_s", "error_rate"}
    return [
        (metric.name, metric.title, metric.definition)
        for metric in METRICS.values()
        if metric.name in shown
    ]


def _cards(scenario: ScenarioResult) -> list[Card]:
    cards = _throughput_cards(scenario)
    for name in CHARTED:
        figure = scenario.metrics.get(name)
        if figure and figure.p50 is not None:
            note = f"p95 {figures.milliseconds(figure.p95)}"
            cards.append(Card(f"{title_of(name)}, median", figures.milliseconds(figure.p50), note))
    requests = scenario.requests
    cards.append(Card("Requests", figures.count(requests.attempted), "logins and lists included"))
    share = requests.failed / requests.attempted if requests.attempted else None
    dropped = f", {requests.dropped:,} iterations dropped" if requests.dropped else ""
    cards.append(Card("Failed", figures.share(share), f"{requests.failed:,} requests{dropped}"))
    if scenario.slo.goodput is not None:
        cards.append(
            Card("Goodput", figures.share(scenario.slo.goodput), "met every objective's limit")
        )
    return cards


def _throughput_cards(scenario: ScenarioResult) -> list[Card]:
    cards = []
    throughput = scenario.throughput
    if throughput.requests_per_s is not None:
        held = "; ".join(stages.held(scenario))
        note = f"held of asked, {held}" if held else "good ones"
        rate = f"{figures.rate(throughput.requests_per_s)}/s"
        cards.append(Card("Requests to the model", rate, note))
    if throughput.output_tokens_per_s is not None:
        source = throughput.tokens_source
        note = {"usage": "as the server counts", None: ""}.get(source, f"{source}")
        rate = f"{figures.rate(throughput.output_tokens_per_s)}/s"
        cards.append(Card("Output tokens", rate, note))
    return cards


def _limits(scenario: ScenarioResult) -> list[LimitRow]:
    rows = []
    titles = step_titles(scenario)
    for objective in scenario.slo.objectives:
        unit = unit_of(objective.metric)
        sign = {"<=": "≤", ">=": "≥"}[objective.comparison]
        name = figures.statistic_of(title_of(objective.metric), objective.statistic)
        if objective.step:
            name += f", {titles.get(objective.step, objective.step)}"
        rows.append(
            LimitRow(
                name,
                figures.in_unit(objective.value, unit),
                f"{sign} {figures.limit(objective.limit, unit)}",
                objective.ok,
                objective.reason,
            )
        )
    for threshold in scenario.thresholds:
        unit = unit_of(threshold.metric)
        note = "no samples" if threshold.value is None else ""
        value = figures.in_unit(threshold.value, unit)
        limit = figures.expression(threshold.expression, unit)
        rows.append(LimitRow(threshold.metric, value, limit, threshold.ok, note))
    return sorted(rows, key=lambda row: row.ok)


def _metric_row(name: str, figure: Distribution) -> list[str]:
    unit = unit_of(name)
    in_title = f" ({unit})" if unit not in ("", "ms", "share") else ""
    return [
        title_of(name) + in_title,
        *(
            figures.in_unit(getattr(figure, statistic), "" if in_title else unit)
            for statistic in _STATISTICS
        ),
        figures.count(figure.count),
        figure.source,
    ]


def _step_row(scenario: ScenarioResult, name: str) -> list[str]:
    step = scenario.steps[name]
    durations = [
        figures.milliseconds(getattr(step.duration_ms, statistic, None))
        for statistic in ("p50", "p95", "p99", "max")
    ]
    first = step.metrics.get("ttft_ms")
    return [
        step_titles(scenario)[name],
        step.lane or "all",
        figures.count(step.count),
        figures.count(step.failed),
        *durations,
        figures.milliseconds(first.p50 if first else None),
        figures.milliseconds(first.p95 if first else None),
    ]


def _checks(scenario: ScenarioResult) -> list[list[str]]:
    failing_first = sorted(scenario.checks, key=lambda check: not check.fails)
    return [
        [check.name, figures.count(check.passes), figures.count(check.fails)]
        for check in failing_first
    ]


def _lanes(scenario: ScenarioResult) -> list[list[str]]:
    return [
        [
            lane.name,
            f"{figures.rate(lane.asked_rate)}/s",
            figures.rate(lane.planned_iterations),
            figures.count(lane.started_iterations),
            figures.count(lane.dropped_iterations),
        ]
        for lane in scenario.lanes
    ]


_CLOCKS = {None: figures.ABSENT, "kernel": "the kernel", "loop": "the timing proxy"}


def _validity(scenario: ScenarioResult) -> list[tuple[str, str]]:
    validity = scenario.validity
    rows = [
        ("Iterations that k6 had no virtual user for", f"{validity.dropped_iterations:,}"),
        ("Events timed by", _CLOCKS[validity.clock]),
        ("Events read together with later ones", figures.share(validity.read_together)),
        ("Events that the target sent together", figures.share(validity.sent_together)),
        ("Timing proxy's lag, p99", figures.milliseconds(validity.proxy_lag_p99_ms)),
        ("Timing proxy's CPU", figures.share(validity.proxy_cpu)),
        ("k6's CPU", figures.share(validity.client_cpu)),
        ("Schedule lag, p99", figures.milliseconds(validity.schedule_lag_p99_ms)),
    ]
    if validity.start_skew_s is not None:
        rows.append(("Time between the instances' starts", f"{validity.start_skew_s:.2f} s"))
    if validity.relogins:
        rows.append(("Logins repeated after a 401", f"{validity.relogins:,}"))
    return [row for row in rows if row[1] != figures.ABSENT]


def _error_rows(series: ScenarioSeries, titles: Mapping[str, str]) -> list[list[str]]:
    return [
        [
            group.integrity,
            titles.get(group.step, group.step),
            figures.ABSENT if group.status is None else str(group.status),
            group.detail or figures.ABSENT,
            figures.count(group.count),
            figures.clock(group.first_s),
            group.known_as or figures.ABSENT,
        ]
        for group in series.error_groups
    ]


def _why_no_charts(scenario: ScenarioResult) -> str:
    if scenario.mode == "single":
        return "There are no charts: one pass through the steps has no course over time."
    if scenario.timing == "direct":
        return (
            "There are no charts: without the timing proxy no record is kept of each request. "
            "Run with --timing proxy to get them."
        )
    return "There are no charts: the run left no records of its requests."

"""The result on a terminal: one screen at 80 columns."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from janbench.model.metric import METRICS
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import Reason, RunResult, ScenarioResult, Verdict
from janbench.reports import figures, stages
from janbench.reports.terminal.fitting_table import FittingTable

COLOURS: dict[Verdict, str] = {
    "pass": "green",
    "fail": "red",
    "invalid": "yellow",
    "error": "red",
    "interrupted": "yellow",
}
_MOST_REASONS = 8
_SHOWN = [(metric.name, metric.label) for metric in METRICS.values() if metric.label]


def verdict_text(verdict: Verdict) -> Text:
    """Return a verdict as a coloured label."""
    return Text(f" {verdict.upper()} ", style=f"bold white on {COLOURS[verdict]}")


def print_run(result: RunResult, folder: Path, console: Console) -> None:
    """Print the whole result, with the places of its files at the end."""
    for scenario in result.scenarios:
        console.print(scenario_block(scenario))
    for reason in result.reasons:
        console.print(_reason_line(reason, "red"))
    head = verdict_text(result.verdict)
    head.append(
        f"  {figures.counted(len(result.scenarios), 'test case')} in {result.duration_s:.0f} s",
        style="default",
    )
    console.print(head)
    target, engine = result.target, result.engine
    console.print(
        f"Target   {target.base} ({target.flavour}, {target.model})",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    console.print(f"Engine   {engine.description}", markup=False, soft_wrap=True, highlight=False)
    console.print(
        f"Results  {folder / 'result.json'}", markup=False, soft_wrap=True, highlight=False
    )
    report = folder / "report.html"
    if report.exists():
        console.print(f"Report   {report}", markup=False, soft_wrap=True, highlight=False)


def scenario_block(scenario: ScenarioResult) -> RenderableType:
    """Return a scenario: verdict, why, steps, tokens."""
    parts: list[RenderableType] = [_headline(scenario)]
    parts += _reason_lines(scenario)
    if scenario.mode != "single" and scenario.steps:
        parts.append(_step_table(scenario))
    if scenario.mode != "single" and scenario.metrics:
        parts.append(_metric_table(scenario))
        if stages.are_told(scenario):
            parts.append(_stage_table(scenario))
        parts += [Padding(Text(text, style="dim"), (0, 0, 0, 2)) for text in _notes(scenario)]
    parts.append(Text(""))
    return Group(*parts)


def _headline(scenario: ScenarioResult) -> Text:
    text = verdict_text(scenario.verdict)
    text.append(f"  {scenario.name}", style="bold default")
    checks = sum(check.passes + check.fails for check in scenario.checks)
    failed = sum(check.fails for check in scenario.checks)
    requests = scenario.requests
    if scenario.mode == "single":
        text.append(f"  single run, {checks - failed}/{checks} checks", style="default")
    else:
        count = figures.counted(requests.attempted, "request")
        text.append(f"  {count}, {requests.failed} failed", style="default")
        if requests.dropped:
            text.append(f", {requests.dropped} dropped", style="default")
    text.append(f", {scenario.duration_s:.1f} s", style="default")
    return text


def _reason_lines(scenario: ScenarioResult) -> list[RenderableType]:
    colour = COLOURS[scenario.verdict]
    shown = scenario.reasons[:_MOST_REASONS]
    lines: list[RenderableType] = [
        _reason_line(reason, "yellow" if reason.kind == "warning" else colour) for reason in shown
    ]
    if len(scenario.reasons) > len(shown):
        lines.append(Text(f"  ... and {len(scenario.reasons) - len(shown)} more", style="dim"))
    return lines


def _reason_line(reason: Reason, colour: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3)
    grid.add_column(overflow="fold")
    grid.add_row(Text("  •", style=colour), Text(reason.message))
    return grid


def _step_table(scenario: ScenarioResult) -> FittingTable:
    head = ("  Step, response time in ms", "count", "failed", "p50", "p95", "p99")
    table = FittingTable(head, expendable=("p99", "count", "failed"))
    for step in scenario.steps.values():
        if step.count:
            failed = Text(str(step.failed), style="red" if step.failed else "default")
            table.add(f"  {step.title}", str(step.count), failed, *_percentiles(step.duration_ms))
    return table


def _metric_table(scenario: ScenarioResult) -> FittingTable:
    head = ("  Requests to the model, in ms", "samples", "p50", "p95", "p99", "from")
    table = FittingTable(head, expendable=("from", "p99", "samples"), dim=("from",))
    for name, title in _SHOWN:
        if name == "ttfb_ms" and "ttft_ms" in scenario.metrics:
            continue  # all that can be had without the tokens' times, and no substitute for them
        if name in scenario.metrics:
            d = scenario.metrics[name]
            table.add(f"  {title}", str(d.count), *_percentiles(d), d.source)
        elif name in scenario.unmeasured:
            table.add(f"  {title}", *(["-"] * 4), "not measured")
    return table


def _stage_table(scenario: ScenarioResult) -> FittingTable:
    head = [f"  {stages.HEAD[0]}", *stages.HEAD[1:]]
    table = FittingTable(head, expendable=("Time", "Started", "E2E p95", "Failed"))
    for first, *others in stages.rows(scenario):
        table.add(f"  {first}", *others)
    return table


def _notes(scenario: ScenarioResult) -> list[str]:
    throughput = scenario.throughput
    rates = []
    if throughput.requests_per_s is not None:
        rates.append(f"{figures.rate(throughput.requests_per_s)} requests/s to the model")
    if throughput.output_tokens_per_s is not None:
        kind = (
            "" if throughput.tokens_source == "usage" else f" ({throughput.tokens_source} tokens)"
        )
        rates.append(f"{figures.rate(throughput.output_tokens_per_s)} output tokens/s{kind}")
    held = stages.held(scenario)
    notes = [", ".join(rates)] if rates else []
    if held:
        notes.append(f"held, of what was asked for: {', '.join(held)} requests/s")
    return notes + sorted(set(scenario.unmeasured.values()))


def _percentiles(d: Distribution | None) -> list[str]:
    if d is None:
        return ["-", "-", "-"]
    return [milliseconds(value) for value in (d.p50, d.p95, d.p99)]


def milliseconds(value: float | None) -> str:
    """Return milliseconds with three significant digits, in a form for tables."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"

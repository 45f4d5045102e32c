"""k6's end-of-test summary in its three shapes; nobody else knows how they look.

1. `handleSummary(data)`: `metrics.NAME = {type, contains, values, thresholds: {EXPR: {ok}}}`.
2. `--summary-export`: `metrics.NAME = {...values, thresholds: {EXPR: true}}`; true means crossed,
   and a rate is called `value`.
3. `--new-machine-readable-summary`: `{version, config, results: {checks, metrics: [...]}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from janbench.errors import EngineError
from janbench.model.results.distribution import Distribution
from janbench.model.results.result import CheckResult, ThresholdResult

_STATISTICS = {
    "min": "min",
    "avg": "mean",
    "med": "p50",
    "p(50)": "p50",
    "p(90)": "p90",
    "p(95)": "p95",
    "p(99)": "p99",
    "max": "max",
}


@dataclass(frozen=True)
class K6Summary:
    """A summary, whatever shape it came in.

    `values` maps a metric (sub-metrics by their full name, `http_reqs{step:chat}`) to its
    statistics under k6's names, a rate always as `rate`. `crossed` maps (metric, expression) to
    whether the threshold was crossed.
    """

    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    crossed: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()

    def count(self, metric: str) -> int:
        """Return a counter's total, or a Trend's number of samples; 0 when there was none."""
        values = self.values.get(metric, {})
        if "count" in values:
            return int(values["count"])
        return int(values.get("passes", 0) + values.get("fails", 0))

    def passes(self, metric: str) -> int:
        """Return how often a rate was true (for `http_req_failed`: the failed requests)."""
        return int(self.values.get(metric, {}).get("passes", 0))

    def distribution(self, metric: str) -> Distribution | None:
        """Return a Trend's statistics, None when it had no sample."""
        values = self.values.get(metric)
        if not values or "max" not in values or values.get("count", 1) == 0:
            return None
        known = {ours: values[theirs] for theirs, ours in _STATISTICS.items() if theirs in values}
        return Distribution.model_validate(
            {"count": int(values.get("count", 0)), "source": "k6", **known}
        )

    def submetrics(self, metric: str, tag: str) -> dict[str, Mapping[str, float]]:
        """Return the sub-metrics `metric{tag:value}` by value."""
        pattern = re.compile(rf"^{re.escape(metric)}\{{{re.escape(tag)}:([^,}}]+)\}}$")
        found = ((pattern.match(name), values) for name, values in self.values.items())
        return {match[1]: values for match, values in found if match}

    def measured(self) -> K6Summary:
        """Return it without warm-up and cool-down, which k6's own metrics count, ours don't."""
        main = "{phase:main}"
        inner = {
            name[: -len(main)]: values
            for name, values in self.values.items()
            if name.endswith(main)
        }
        return K6Summary({**self.values, **inner}, self.crossed, self.checks)

    def thresholds(self) -> list[ThresholdResult]:
        """Return the user's thresholds; those that only make k6 report a sub-metric aren't.

        k6 lets a threshold hold that nothing was measured for; here it isn't met.
        """
        found = []
        for (metric, expression), crossed in self.crossed.items():
            if not is_observation(metric, expression):
                value = self._value(metric, expression)
                ok = not crossed and value is not None
                found.append(
                    ThresholdResult(metric=metric, expression=expression, value=value, ok=ok)
                )
        return found

    def _value(self, metric: str, expression: str) -> float | None:
        values = self.values.get(metric, {})
        statistic = re.split(r"[<>=!]", expression.strip(), maxsplit=1)[0].strip()
        if not values or (values.get("count") == 0 and statistic != "count"):
            return None
        if statistic == "rate" and "passes" in values and self.count(metric) == 0:
            return None
        # A gauge that was never set looks like one that was set to 0, and to nothing else.
        if set(values) == {"value", "min", "max"} and not any(values.values()):
            return None
        return values.get(statistic)


def is_observation(metric: str, expression: str) -> bool:
    """Tell the thresholds that `lib/load.js` adds so that k6 reports sub-metrics."""
    return "{" in metric and expression in ("max>=0", "count>=0", "rate>=0")


def read_summary(path: Path) -> K6Summary | None:
    """Read k6's summary file; None when there is none or k6 was stopped while it wrote it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return parse_summary(data)


def parse_summary(data: Any) -> K6Summary:
    """Understand a summary of any shape; raises EngineError for one that is none."""
    if isinstance(data, dict) and isinstance(data.get("results"), dict):
        return _machine_readable(data["results"])
    if isinstance(data, dict) and isinstance(data.get("metrics"), dict):
        return _by_metric(data)
    raise EngineError("k6's summary has a form that janbench doesn't know")


def write_summary(summary: K6Summary, path: Path) -> None:
    """Write a summary in the first shape, as far as it is known."""
    metrics: dict[str, dict[str, Any]] = {
        name: {"values": dict(values)} for name, values in sorted(summary.values.items())
    }
    for (name, expression), crossed in summary.crossed.items():
        metric = metrics.setdefault(name, {"values": {}})
        metric.setdefault("thresholds", {})[expression] = {"ok": not crossed}
    checks = [check.model_dump(include={"name", "passes", "fails"}) for check in summary.checks]
    text = json.dumps({"metrics": metrics, "root_group": {"checks": checks}}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def _by_metric(data: dict[str, Any]) -> K6Summary:
    values: dict[str, dict[str, float]] = {}
    crossed: dict[tuple[str, str], bool] = {}
    for name, metric in data["metrics"].items():
        values[name] = _values(metric.get("values", metric))
        for expression, state in (metric.get("thresholds") or {}).items():
            # The exported shape says whether it was crossed, the other whether it held.
            crossed[(name, expression)] = (
                not state["ok"] if isinstance(state, dict) else bool(state)
            )
    return K6Summary(values, crossed, tuple(_checks(data.get("root_group") or {})))


def _machine_readable(results: dict[str, Any]) -> K6Summary:
    values = {entry["name"]: _values(entry.get("values", {})) for entry in results["metrics"]}
    listed = results.get("checks")
    checks = (
        listed.get("results", listed.get("metrics", [])) if isinstance(listed, dict) else listed
    )
    return K6Summary(values, {}, tuple(_check(c) for c in checks or () if "name" in c))


def _values(raw: Mapping[str, Any]) -> dict[str, float]:
    values = {
        key: float(value)
        for key, value in raw.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if "value" in values and "passes" in values:
        values["rate"] = values["value"]
    return values


def _checks(group: dict[str, Any]) -> Iterator[CheckResult]:
    checks, groups = group.get("checks") or (), group.get("groups") or ()
    yield from (_check(c) for c in (checks.values() if isinstance(checks, dict) else checks))
    for inner in groups.values() if isinstance(groups, dict) else groups:
        yield from _checks(inner)


def _check(raw: dict[str, Any]) -> CheckResult:
    numbers = raw.get("values", raw)
    return CheckResult(
        name=raw["name"], passes=int(numbers.get("passes", 0)), fails=int(numbers.get("fails", 0))
    )

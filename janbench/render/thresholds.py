"""The k6 thresholds of a scenario: its own, those of its objectives, that of its budget."""

from __future__ import annotations

from typing import Any

from janbench.model.scenario import Scenario
from janbench.model.thresholds import TOKENS_SPENT

# Metrics of k6 itself that go on counting while nothing is measured; ours don't.
_COUNTS_ALWAYS = ("http_req", "iteration", "data_", "dropped_iterations", "group_duration")
_ABORT_AFTER = "5s"


def thresholds(scenario: Scenario) -> dict[str, list[Any]]:
    """Return thresholds by metric, in k6's form."""
    found: dict[str, list[Any]] = {}
    for metric, given in scenario.judged_by.items():
        found.setdefault(_measured(scenario, metric), []).extend(t.for_k6() for t in given)
    for objective in scenario.objectives():
        if objective.threshold is None:
            continue
        metric, expression = objective.threshold
        entry: Any = expression
        if objective.abort_on_fail:
            entry = {
                "threshold": expression,
                "abortOnFail": True,
                "delayAbortEval": _ABORT_AFTER,
            }
        found.setdefault(metric, []).append(entry)
    limit = scenario.load.budget.max_tokens_total
    if limit is not None:
        spent = {"threshold": f"count<{limit}", "abortOnFail": True}
        found.setdefault(TOKENS_SPENT, []).append(spent)
    return found


def _measured(scenario: Scenario, metric: str) -> str:
    """Leave out warm-up and cool-down, which k6's own metrics would count."""
    phases = scenario.load.warmup or scenario.load.cooldown
    if not phases or not metric.startswith(_COUNTS_ALWAYS):
        return metric
    if metric.endswith("}"):
        return f"{metric[:-1]},phase:main}}"
    return f"{metric}{{phase:main}}"

"""Whether the samples that a threshold judges can occur in a scenario at all.

A threshold on a step that doesn't exist has no sample, and k6 lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from janbench.dialects import dialects
from janbench.errors import suggestion
from janbench.model.scenario import Scenario
from janbench.model.steps.step import Leaf, ModelStep
from janbench.model.thresholds import KNOWN, complaint, parts_of

_HTTP_TAGS = (
    "error", "error_code", "expected_response", "group", "ip", "method", "name", "proto",
    "scenario", "service", "status", "subproto", "tls_version", "url",
)  # fmt: skip
_RUN_TAGS = ("environment", "model", "test_case", "testid")
_OF_SCENARIO = ("data_", "dropped_iterations", "iteration", "vus")
_OF_LANE = ("lane_iterations", "schedule_lag_ms")
_OF_STREAMS = frozenset(
    ("llm_finalize_ms", "llm_itl_max_ms", "llm_itl_ms", "llm_stream_errors", "llm_streams",
     "llm_tpot_ms", "llm_ttft_ms")
)  # fmt: skip


def threshold_complaints(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Return (metric, why) for each threshold that k6 would refuse or that nothing can meet."""
    own = {f"{scenario.counters}_{what}": "counter" for what in ("successes", "errors")}
    own.update({step.metric: "trend" for step in scenario.leaves if step.metric})
    known = {**KNOWN, **own}
    for metric, expressions in scenario.thresholds.items():
        why = complaint(metric, expressions, known) or _unreachable(scenario, metric)
        if why:
            yield metric, why


def _unreachable(scenario: Scenario, threshold: str) -> str:
    metric, tags = parts_of(threshold)
    steps = dict(zip(scenario.step_ids(), scenario.leaves, strict=True))
    made_by = {name: step for name, step in steps.items() if _makes(step, metric)}
    if not made_by:
        return f"no step of this scenario gives a sample of {metric}"
    allowed = _tags_of(metric, steps.values())
    for tag in tags:
        if tag not in allowed:
            return f"samples of {metric} have no tag {tag!r}. {suggestion(tag, allowed)}"
    return _no_such_value(scenario, metric, tags, made_by)


def _no_such_value(
    scenario: Scenario, metric: str, tags: Mapping[str, str], made_by: Mapping[str, Leaf]
) -> str:
    lanes = list(scenario.load.shapes())
    uncounted = [name for name in ("warmup", "cooldown") if getattr(scenario.load, name)]
    known: dict[str, Iterable[str]] = {
        "step": [*made_by, *uncounted],
        "lane": [*lanes, *uncounted],
        "phase": ["main", *uncounted] if uncounted else [],
        "kind": list(dialects().classes),
        "scenario": [*lanes, *(f"{part}_{lane}" for part in uncounted for lane in lanes)],
    }
    for tag, value in tags.items():
        if tag in known and value not in known[tag]:
            hint = suggestion(value, known[tag]) if known[tag] else ""
            return f"no sample of {metric} has {tag}:{value} in this scenario. {hint}".rstrip()
    step, lane = made_by.get(tags.get("step", "")), tags.get("lane")
    if step is not None and lane in lanes and lane != "main" and step.lane not in (None, lane):
        return f"step {tags['step']} runs in the lane {step.lane}, not in {lane}"
    return ""


def _makes(step: Leaf, metric: str) -> bool:
    """Whether a step can give a sample; metrics that belong to no step come from every one."""
    if metric in _OF_STREAMS:
        return isinstance(step, ModelStep) and step.streams
    if metric.startswith("llm_"):
        return step.model_talk
    if metric in KNOWN or metric.endswith(("_successes", "_errors")):
        return True
    return step.metric == metric


def _tags_of(metric: str, steps: Iterable[Leaf]) -> list[str]:
    tags = ["group", "phase", "scenario", *_RUN_TAGS]
    if metric.startswith(_OF_SCENARIO):
        return tags
    tags.append("lane")
    if metric in _OF_LANE:
        return tags
    tags += ["step", *(name for step in steps for name in step.tags)]
    if metric.startswith("http_req"):
        tags += _HTTP_TAGS
    tags += {"checks": ["check"], "llm_answer_notes": ["note"]}.get(metric, [])
    return tags + (["kind"] if metric in ("llm_stream_errors", "llm_streams") else [])

"""The steps of a scenario as the data that `lib/journey.js` walks through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from janbench.model.scenario import Scenario
from janbench.model.steps.base import BaseStep
from janbench.model.steps.step import Chat, Choose, Group, Leaf, ModelStep, Request, Step

_COMMON = ("title", "label", "lane", "metric", "timeout_s")
_FLOW = ("id", "title", "label", "lane", "metric", "timeout_s", "think_time_s", "slo", "tags",
         "condition", "repeat", "kind")  # fmt: skip


def step_nodes(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the tree of steps: leaves as `{kind, data}`, others as `{flow, data, inner}`.

    `inner` is a list of nodes of a group, a list of `{weight, steps}` of a choice.
    """
    ids = iter(scenario.step_ids())
    return [_node(scenario, step, ids, 1) for step in scenario.steps]


def _nodes(
    scenario: Scenario, steps: Sequence[Step], ids: Iterator[str], outer: int
) -> list[dict[str, Any]]:
    return [_node(scenario, step, ids, outer) for step in steps]


def _node(scenario: Scenario, step: Step, ids: Iterator[str], outer: int) -> dict[str, Any]:
    runs = outer * step.most_repeats
    if isinstance(step, Group):
        inner: Any = _nodes(scenario, step.steps, ids, runs)
        return {"flow": "group", "data": _flow(step), "inner": inner}
    if isinstance(step, Choose):
        inner = [
            {"weight": branch.weight, "steps": _nodes(scenario, branch.steps, ids, runs)}
            for branch in step.branches
        ]
        return {"flow": "choose", "data": {**_flow(step), "seed": step.seed}, "inner": inner}
    return {"flow": None, "kind": step.kind, "data": _leaf(scenario, step, next(ids), runs)}


def _flow(step: BaseStep) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if step.lane:
        data["lane"] = step.lane
    if step.condition:
        data["if"] = step.condition.model_dump(exclude_unset=True)
    if step.repeat:
        data["repeat"] = step.repeat.model_dump(exclude_none=True, exclude_defaults=True)
    return data


def _leaf(scenario: Scenario, step: Leaf, step_id: str, runs: int) -> dict[str, Any]:
    data: dict[str, Any] = {"id": step_id, "kind": step.kind}
    data.update({key: getattr(step, key) for key in _COMMON})
    data["title"] = step.title or step.default_title
    data["label"] = step.label or step_id
    data["think_time_s"] = scenario.think_time_of(step)
    data["needs"] = step.needs
    data["model"] = step.model_talk
    data["counted"] = step.counted
    data.update(_flow(step))
    if step.tags:
        data["tags"] = dict(step.tags)
    if isinstance(step, ModelStep):
        data.update(_of_model(step, runs))
    elif isinstance(step, Request):
        own = ("method", "path", "headers", "body", "auth", "expect", "extract")
        data.update({key: getattr(step, key) for key in own})
        data["checks"] = [check.model_dump(exclude_unset=True) for check in step.checks]
    else:
        rest = set(type(step).model_fields) - set(_FLOW)
        data.update({key: getattr(step, key) for key in sorted(rest)})
    return {key: value for key, value in data.items() if value is not None}


def _of_model(step: ModelStep, runs: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "stream": step.streams,
        "prompt": step.prompt,
        "answer_check": step.answer_check,
        "parameters": step.body_parameters(),
    }
    if step.prompts is not None:
        data["order"] = step.prompts.order
        data["seed"] = step.prompts.seed
    if runs > 1:
        data["runs"] = runs  # how far one iteration moves on in its prompts
    if step.tool_call is not None:
        data["tool_call"] = step.tool_call.model_dump(exclude_none=True)
    if step.json_schema is not None:
        data["json_schema"] = step.json_schema
    if step.ignore_eos:
        data["ignore_eos"] = True
    if step.extract_text is not None:
        data["extract_text"] = step.extract_text
    if isinstance(step, Chat) and step.history:
        data["history"] = True
    return data

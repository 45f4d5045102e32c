"""The steps of a scenario as what its script says: calls, and loops and conditions around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from janbench.model.scenario import Scenario
from janbench.model.steps.base import BaseStep, Condition
from janbench.model.steps.step import Chat, Choose, Group, Leaf, ModelStep, Request, Step

_PLAIN_TESTS = frozenset(("variable", "exists", "equals", "matches", "min", "max", "negate"))
# Keys of a step that are said otherwise in a script: by a statement, or in other words.
_ELSEWHERE = frozenset(
    ("id", "title", "label", "lane", "metric", "timeout_s", "think_time_s", "slo", "tags",
     "condition", "repeat", "kind")
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A statement of a journey.

    `form`: `call` (of a step of `kind`, with `data` as its options), or a block around `inner`:
    `lane`, `if`, `times`, `between`, `until`, `block` (no more than these), or `choose` with a
    list of statements for each branch.
    """

    form: str
    data: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    inner: tuple[Any, ...] = ()

    @property
    def function(self) -> str:
        """Return the name of the step's function."""
        return function_of(self.kind)


def function_of(kind: str) -> str:
    """Return the name of a step's function in JavaScript."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), kind)


def journey(scenario: Scenario) -> list[Node]:
    """Return the statements of a scenario's journey."""
    return _statements(scenario, scenario.steps, iter(scenario.step_ids()), 1)


def _statements(
    scenario: Scenario, steps: Sequence[Step], ids: Iterator[str], outer: int
) -> list[Node]:
    found: list[Node] = []
    for step in steps:
        node = _statement(scenario, step, ids, outer)
        before = found[-1] if found else None
        if before is not None and node.form == before.form == "lane" and node.data == before.data:
            found[-1] = Node("lane", node.data, inner=(*before.inner, *node.inner))
        else:
            found.append(node)
    return found


def _statement(scenario: Scenario, step: Step, ids: Iterator[str], outer: int) -> Node:
    inner = _repeated(step, _inner(scenario, step, ids, outer * step.most_repeats))
    if step.condition:
        inner = [Node("if", {"condition": _condition(step.condition)}, inner=tuple(inner))]
    # A load of one lane runs the steps of all.
    if step.lane and "main" not in scenario.load.lanes:
        inner = [Node("lane", {"lane": step.lane}, inner=tuple(inner))]
    return inner[0] if len(inner) == 1 else Node("block", inner=tuple(inner))


def _inner(scenario: Scenario, step: Step, ids: Iterator[str], runs: int) -> list[Node]:
    if isinstance(step, Group):
        return _statements(scenario, step.steps, ids, runs)
    if isinstance(step, Choose):
        data = {"weights": [branch.weight for branch in step.branches], "seed": step.seed}
        ways = [tuple(_statements(scenario, way.steps, ids, runs)) for way in step.branches]
        return [Node("choose", data, inner=tuple(ways))]
    return [Node("call", _options(scenario, step, next(ids), runs), step.kind)]


def _repeated(step: BaseStep, inner: list[Node]) -> list[Node]:
    repeat = step.repeat
    if repeat is None:
        return inner
    most = repeat.times or repeat.max
    if repeat.until:
        data = {"least": repeat.min, "most": most, "condition": _condition(repeat.until)}
        return [Node("until", data, inner=tuple(inner))]
    if repeat.times:
        return [Node("times", {"times": most}, inner=tuple(inner))]
    name = inner[0].data.get("id", inner[0].kind) if inner[0].form == "call" else "group"
    drawn = {"name": name, "least": repeat.min, "most": most}
    return [Node("between", drawn, inner=tuple(inner))]


def _condition(condition: Condition) -> dict[str, Any]:
    """Return the condition, and whether JavaScript has an operator for each of its tests."""
    given = condition.model_dump(exclude_unset=True)
    tests = {key: value for key, value in given.items() if value is not None}
    texts = [value for value in tests.values() if isinstance(value, str)]
    equals = tests.get("equals")
    plain = set(tests) <= _PLAIN_TESTS and not isinstance(equals, dict | list)
    return {"plain": plain and not any("${" in text for text in texts), "given": tests}


def _options(scenario: Scenario, step: Leaf, step_id: str, runs: int) -> dict[str, Any]:
    """Return what a call says: all that isn't as its kind has it."""
    fields = type(step).model_fields
    data: dict[str, Any] = {}
    if step_id != step.kind:
        data["id"] = step_id
    if step.title and step.title != step.default_title:
        data["title"] = step.title
    if step.label and step.label != step_id:
        data["label"] = step.label
    for key in ("metric", "timeout_s"):
        if getattr(step, key) != fields[key].default:
            data[key] = getattr(step, key)
    if scenario.think_time_of(step) != scenario.think_time_s:
        data["think_time_s"] = scenario.think_time_of(step)
    if step.tags:
        data["tags"] = dict(step.tags)
    if isinstance(step, ModelStep):
        return {**data, **_of_model(step, runs)}
    return {**data, **_of_others(step)}


def _of_others(step: Leaf) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, known in type(step).model_fields.items():
        value = getattr(step, key)
        if key in _ELSEWHERE or value == known.get_default(call_default_factory=True):
            continue
        data[key] = value
    if isinstance(step, Request):
        data["method"] = step.method
        if step.checks:
            data["checks"] = [check.model_dump(exclude_unset=True) for check in step.checks]
    return data


def _of_model(step: ModelStep, runs: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if step.streams:
        data["stream"] = True
    if step.prompt != "standard":
        data["prompt"] = step.prompt
    data["parameters"] = step.body_parameters()
    if step.path is not None:
        data["path"] = step.path
    if step.headers:
        data["headers"] = step.headers
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

"""What the template of a script needs to know of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from janbench.model.scenario import Scenario
from janbench.render.load import budget, k6_scenarios, limits, plain, single_limit
from janbench.render.steps import Node, function_of, journey
from janbench.render.thresholds import thresholds

_LOGINS = ("guest_login", "refresh_token")


def parts(scenario: Scenario) -> dict[str, Any]:
    """Return the parts of the script by the names that the template knows."""
    nodes = journey(scenario)
    entries = k6_scenarios(scenario)
    cut = budget(scenario)
    ids = scenario.step_ids()
    steps = list(zip(ids, scenario.leaves, strict=True))
    judged: dict[str, Any] = {}
    if scenario.load.warmup or scenario.load.cooldown:
        judged["phases"] = True
    if scenario.load.budget.max_tokens_total is not None:
        judged["tokens"] = scenario.load.budget.max_tokens_total
    return {
        "target": scenario.target.model_dump(),
        "needs": sorted(scenario.needs),
        "steps": ids,
        "model_steps": [step_id for step_id, step in steps if step.model_talk],
        "who": _who(scenario, [step_id for step_id, step in steps if step.kind in _LOGINS]),
        "trends": sorted({step.metric for step in scenario.leaves if step.metric}),
        "thresholds": thresholds(scenario),
        "judged": judged,
        "entries": entries,
        "budget": cut,
        "limits": limits(scenario),
        "single_limit": single_limit(scenario),
        "minutes": plain(scenario.load.duration_min),
        "nodes": nodes,
        "lanes": ["main"] if "main" in scenario.load.lanes else ["nonstream", "stream"],
        "imports": _imports(scenario, nodes, bool(cut)),
        "uses_variables": _reads_variables(nodes),
        "may_skip": any(node.form == "if" for node in _all(nodes)),
    }


def _who(scenario: Scenario, logins: list[str]) -> dict[str, Any]:
    """Return what an iteration knows of its scenario, steps aside."""
    who: dict[str, Any] = {
        "name": scenario.name,
        "counters": scenario.counters,
        "refresh": scenario.refresh,
    }
    if scenario.think_time_s:
        who["think_time_s"] = plain(scenario.think_time_s)
    if logins:
        who["logins"] = logins
    for kind, key in zip(_LOGINS, ("login_step", "refresh_step"), strict=True):
        own = [i for i in logins if i in _ids_of(scenario, kind)]
        if own and own[0] != kind:
            who[key] = own[0]
    return who


def _ids_of(scenario: Scenario, kind: str) -> list[str]:
    steps = zip(scenario.step_ids(), scenario.leaves, strict=True)
    return [step_id for step_id, step in steps if step.kind == kind]


def _imports(scenario: Scenario, nodes: list[Node], cut: bool) -> list[tuple[str, list[str]]]:
    """Return the modules that a script imports, each with the names that it takes from there."""
    found = list(_all(nodes))
    forms = {node.form for node in found}
    conditions = [node.data["condition"] for node in found if "condition" in node.data]
    load = ["lanes"]
    if not scenario.load.shaped:
        load += ["rampHoldRamp", "virtualUsers"]
        if scenario.load.cooldown:
            load.append("seconds")
        if cut:
            load.append("withinBudget")
    elif any(entry.waiting for entry in k6_scenarios(scenario)):
        load.append("waitingUsers")
    tests = sorted({"between", "choose"} & forms)
    if not all(condition["plain"] for condition in conditions):
        tests.append("holds")
    modules: list[tuple[str, list[str]]] = [
        ("conditions", tests),
        ("flavour", ["chooseFlavour"]),
        ("iteration", [*(["beyond"] if cut or limits(scenario) else []), "sessions"]),
        ("judged", ["judged"]),
        ("load", sorted(load)),
        ("metrics", ["scenarioMetrics"]),
        ("progress", ["showSkipped"] if "if" in forms else []),
        ("schedule", ["awaitTurn"] if "waitingUsers" in load else []),
        ("settings", ["readSettings"]),
    ]
    kinds = sorted({step.kind for step in scenario.leaves})
    steps = [(f"steps/{kind}", [function_of(kind)]) for kind in kinds]
    return [(name, names) for name, names in [*modules, *steps] if names]


def _reads_variables(nodes: list[Node]) -> bool:
    return any(node.data["condition"]["plain"] for node in _all(nodes) if "condition" in node.data)


def _all(nodes: Iterable[Any]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, Node):
            yield node
            yield from _all(node.inner)
        else:
            yield from _all(node)

"""From a scenario to its k6 script: data through Jinja, libraries as they are."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jinja2

from janbench import __version__, resources
from janbench.model.flavour import Flavour
from janbench.model.scenario import Scenario
from janbench.model.script import Script
from janbench.model.step import ModelStep, Request, Step
from janbench.render.literal import literal

_COMMON = ("title", "label", "lane", "metric", "timeout_s")
_SETUP_MARGIN_S = 30.0


def render(scenario: Scenario, flavours: Mapping[str, Flavour], source: str) -> Script:
    """Render a scenario; `source` is the file that it came from, named in the script's header."""
    ids = scenario.step_ids()
    steps = [
        {"kind": step.kind, "data": _step_data(scenario, step, step_id)}
        for step, step_id in zip(scenario.steps, ids, strict=True)
    ]
    prompts = {
        step_id: [{"messages": [m.model_dump() for m in step.messages]}]
        for step, step_id in zip(scenario.steps, ids, strict=True)
        if isinstance(step, ModelStep)
    }
    kinds = sorted({step.kind for step in scenario.steps})
    text = (
        _environment()
        .get_template("scenario.js.j2")
        .render(
            version=__version__,
            source=source,
            scenario=scenario,
            description=textwrap.wrap(" ".join((scenario.description or scenario.name).split()), 92),
            flavour_names=", ".join(flavours),
            settings=_settings(scenario),
            steps=steps,
            kinds=kinds,
            prompt_steps=list(prompts),
        )
    )
    files = {
        f"{scenario.name}.js": text,
        "data/flavours.json": _json({name: f.model_dump() for name, f in flavours.items()}),
        **_library(),
    }
    if prompts:
        files[f"data/{scenario.name}.prompts.json"] = _json(prompts)
    return Script(scenario.name, f"{scenario.name}.js", files)


def _settings(scenario: Scenario) -> dict[str, Any]:
    load = scenario.load
    longest = max(step.timeout_s for step in scenario.steps)
    return {
        "name": scenario.name,
        "test_case": scenario.test_case or scenario.name,
        "target": scenario.target.model_dump(),
        "counters": scenario.counters,
        "refresh": scenario.refresh,
        "load": {
            "nonstream_rps": load.nonstream_rps,
            "stream_rps": load.stream_rps,
            "duration_min": load.duration_min,
            "iteration_s": {lane: scenario.iteration_s(lane) for lane in ("nonstream", "stream")},
            "max_vus": load.max_vus,
            "graceful_stop_s": longest,
            "single_limit_s": sum(s.timeout_s for s in scenario.steps) + _SETUP_MARGIN_S,
        },
        "thresholds": {name: list(given) for name, given in scenario.judged_by.items()},
        "login_step": _login_step(scenario, "guest_login"),
        "refresh_step": _login_step(scenario, "refresh_token"),
    }


def _login_step(scenario: Scenario, kind: str) -> dict[str, Any]:
    """Name the step that a login or refresh counts for when another step triggers it."""
    ids = [i for i, s in zip(scenario.step_ids(), scenario.steps, strict=True) if s.kind == kind]
    return {"id": ids[0] if ids else kind, "timeout_s": 60}


def _step_data(scenario: Scenario, step: Step, step_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {"id": step_id, "kind": step.kind}
    data.update({key: getattr(step, key) for key in _COMMON})
    data["title"] = step.title or step.default_title
    data["label"] = step.label or step_id
    data["think_time_s"] = scenario.think_time_of(step)
    data["needs"] = step.needs
    data["model"] = step.model_talk
    data["counted"] = step.counted
    if isinstance(step, ModelStep):
        data.update(stream=step.streams, prompt=step.prompt, answer_check=step.answer_check)
        data["parameters"] = step.body_parameters()
    elif isinstance(step, Request):
        own = ("method", "path", "headers", "body", "auth", "expect", "extract")
        data.update({key: getattr(step, key) for key in own})
        data["checks"] = [check.model_dump(exclude_unset=True) for check in step.checks]
    else:
        common = set(type(step).model_fields) - {"id", "kind", "think_time_s", *_COMMON}
        data.update({key: getattr(step, key) for key in sorted(common)})
    return {key: value for key, value in data.items() if value is not None}


@lru_cache(maxsize=1)
def _library() -> dict[str, str]:
    root = resources.templates()
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((root / "lib").rglob("*.js"))
    }


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - JavaScript, not HTML: `tojson` does the escaping
    )
    environment.filters["tojson"] = literal
    return environment


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"

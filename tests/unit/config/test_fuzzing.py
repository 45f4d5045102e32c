"""Any input gives a plan with a script, or an error that says where; never a traceback."""

from __future__ import annotations

import copy
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.config.settings import Flags, plan
from janbench.errors import ConfigError
from janbench.model.limits import ValidityLimits
from janbench.model.results.case_info import CaseInfo
from janbench.model.script import Script
from janbench.pipeline.selection.case import Case
from janbench.pipeline.selection.forecast import describe
from janbench.render.script import render
from janbench.render.writer import write_scripts
from scripts.scenario_docs.examples import EXAMPLES
from tests.integration.language.running import K6, clean_environment

ROOT = Path(__file__).parents[3]
# One of everything: what a mutation has to start from to get far.
RICH: dict[str, Any] = {
    "target": {"base": "http://127.0.0.1:9", "flavour": "openai", "model": "m"},
    "scenarios": {
        "a": {
            "load": {"lanes": {"stream": {"shape": "poisson", "rate": 5, "duration": "4s"},
                               "nonstream": {"shape": "spike", "rate": 1, "peak": 4}},
                     "warmup": "2s", "budget": {"max_requests": 5000, "max_tokens_total": 1000}},
            "thresholds": {"http_req_duration{step:x}": ["p(95)<800"], "checks": ["rate>0.9"]},
            "slo": {"ttft_ms": {"p95": 800}, "goodput": 0.9, "abort_on_fail": True},
            "steps": [
                {"kind": "request", "id": "x", "path": "/x/${v}", "extract": {"v": "a.b[0]"},
                 "repeat": {"max": 3, "until": {"variable": "v", "equals": 1}},
                 "checks": [{"name": "c", "path": "a", "min": 1}], "tags": {"t": "u"}},
                {"kind": "choose", "branches": [
                    {"weight": 2, "steps": [
                        {"kind": "chat", "prompts": {"list": ["p", {"text": "q", "weight": 2}],
                                                     "order": "random", "output_tokens": 5}}]},
                    {"steps": [{"kind": "group", "if": {"variable": "v", "exists": True},
                                "steps": [{"kind": "list_models"}]}]}]},
                {"kind": "chat", "lane": "stream", "history": True, "json_schema": {},
                 "messages": [{"role": "user", "content": "hi"}], "metric": "m_ms"},
            ],
        },
        "b": {"extends": "a", "load": {"shape": "stages",
              "stages": [{"rate": 3, "duration": "2s"}]}},
        "c": {"load": {"nonstream_rps": 0.3, "duration_min": 0.1, "budget": {"max_duration": "3s"}},
              "steps": [{"kind": "response", "messages": [{"role": "user", "content": "hi"}]}]},
    },
}  # fmt: skip
KEYS = sorted({key for model in EXAMPLES for key in model.model_fields})
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**7), st.floats(), st.text(max_size=12),
    st.sampled_from(["1s", "0s", "5m", "${HOME:-x}", "${NOPE}", "${API_KEY}", "chat", "poisson",
                     "constant", "concurrency", "trace", "p(95)<1", "count<3", "checks", "1e9", "x",
                     "http_reqs", "../x", "nowhere.txt", "stream", "a", "\u2028", "`${x}`"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def mutated(data: st.DataObject) -> dict[str, Any]:
    """The rich file with up to three changes anywhere in it."""
    whole = copy.deepcopy(RICH)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(whole), key=repr)))
        if not path:
            continue
        parent: Any = whole
        for key in path[:-1]:
            parent = parent[key]
        change = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if change == "delete":
            del parent[path[-1]]
        elif change == "add" and isinstance(parent, dict):
            parent[data.draw(st.sampled_from(KEYS))] = data.draw(VALUES)
        else:
            parent[path[-1]] = data.draw(VALUES)
    return whole


def retuned(data: st.DataObject) -> dict[str, Any]:
    """The rich file with other numbers and lengths of time: mostly valid, often extreme."""
    whole = copy.deepcopy(RICH)
    whole["scenarios"]["d"] = {
        "steps": copy.deepcopy(RICH["scenarios"]["c"]["steps"]),
        "load": copy.deepcopy(data.draw(st.sampled_from(LOADS))),
    }  # fmt: skip
    for path in sorted(places(whole), key=repr):
        parent: Any = whole
        for key in path[:-1]:
            parent = parent[key]
        value = parent[path[-1]] if path else None
        if isinstance(value, str) and value[-1:] == "s" and value[:-1].isdigit():
            parent[path[-1]] = data.draw(st.sampled_from([value, "1s", "1m30s", "2500ms", "3m"]))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            other = st.integers(1, 40) if isinstance(value, int) else st.floats(0.001, 1)
            if path[-1] in ("rate", "peak", "nonstream_rps", "stream_rps"):
                other = st.floats(0.001, 200)
            if path[-1] == "max_requests":
                other = st.integers(300, 10**6)
            parent[path[-1]] = data.draw(st.just(value) | other)
    return whole


def scripts_of(file: Path) -> list[Script]:
    """Everything that `validate` does, short of k6; raises ConfigError for a bad file."""
    found = []
    for scenario in load_scenarios(file, {"HOME": "/root"}).scenarios.values():
        made = plan(scenario, {}, Flags())
        info = CaseInfo.of(made, scenario.name, "direct", ValidityLimits())
        assert list(describe(Case(info, made.target, {}, plan=made)))
        found.append(render(scenario, load_flavours(), file.name))
    return found


def accepted(text: str, folder: Path) -> list[Script]:
    """The scripts of a text; none when it is refused with a place and a message."""
    file = folder / "s.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        return scripts_of(file)
    except ConfigError as error:
        assert error.message
        assert error.where or error.hint
        return []


LOADS: list[dict[str, Any]] = [
    {"shape": "constant", "rate": 3, "duration": "4s", "cooldown": "3s"},
    {"shape": "soak", "rate": 3, "duration": "9s", "ramp": "2s"},
    {"shape": "ramp", "rate": 3, "duration": "9s"},
    {"shape": "concurrency", "concurrency": 3, "duration": "9s", "budget": {"max_requests": 99}},
    {"shape": "iterations", "iterations": 30, "concurrency": 3, "warmup": "1s"},
    {"shape": "gamma", "rate": 3, "duration": "9s", "burstiness": 2},
    {"shape": "trace", "arrivals": [0, 1, 5], "speed": 2, "limit": 2},
    {"nonstream_rps": 3, "stream_rps": 2, "duration_min": 2, "budget": {"max_requests": 99}},
]

QUIET = settings(
    deadline=None, max_examples=200, suppress_health_check=list(HealthCheck), database=None
)


@QUIET
@given(st.data())
def test_mutated_files_are_planned_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = yaml.safe_dump(mutated(data), sort_keys=False, allow_unicode=True)
        accepted(text, Path(folder))


@QUIET
@given(st.text(max_size=200) | st.binary(max_size=80).map(lambda b: b.decode("latin-1")))
def test_any_text_is_refused_with_a_place(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "s.yaml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_scenarios(file, {})
        except ConfigError as error:
            assert error.message


@settings(QUIET, max_examples=8)
@given(st.data())
def test_k6_accepts_what_janbench_accepts(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = yaml.safe_dump(retuned(data), sort_keys=False, allow_unicode=True)
        for main in write_scripts(accepted(text, Path(folder)), Path(folder) / "src"):
            done = subprocess.run(
                [K6, "inspect", "--execution-requirements", main], capture_output=True, text=True,
                env=clean_environment(JANBENCH_OBSERVE="true"), timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr + json.dumps(yaml.safe_load(text))

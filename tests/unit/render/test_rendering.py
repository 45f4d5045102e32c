"""Rendering: data through tojson, libraries as they are, files that people wrote left alone."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import get_args

import pytest

from janbench import resources
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import Scenarios, load_scenarios
from janbench.errors import ConfigError
from janbench.model.script import HEADER, Script, case_name
from janbench.model.steps.step import Leaf
from janbench.render.bundle import bundled
from janbench.render.literal import literal
from janbench.render.script import render
from janbench.render.writer import differing, hand_written, write_scripts


@pytest.fixture(scope="module")
def builtin() -> Scenarios:
    return load_scenarios(resources.builtin_scenarios())


@pytest.fixture(scope="module")
def scripts(builtin: Scenarios) -> list[Script]:
    return [render(s, load_flavours(), "scenarios.yaml") for s in builtin.scenarios.values()]


def test_each_script_says_where_it_comes_from(scripts: list[Script]) -> None:
    for script in scripts:
        text = script.files[script.main]
        assert text.startswith(HEADER)
        assert "scenarios.yaml" in text.splitlines()[0]
        assert "SINGLE_RUN=true k6 run" in text


def test_prompts_are_data_not_script(scripts: list[Script]) -> None:
    standard = scripts[0]
    prompts = json.loads(standard.files["data/test-completion-standard.prompts.json"])
    content = prompts["chat"][0]["messages"][0]["content"]
    assert content not in standard.files[standard.main]


def test_secrets_do_not_reach_a_script(builtin: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "sk-very-secret")
    monkeypatch.setenv("LOADTEST_TOKEN", "token-very-secret")
    for scenario in builtin.scenarios.values():
        files = render(scenario, load_flavours(), "scenarios.yaml").files
        assert not any("very-secret" in text for text in files.values())


def test_hostile_texts_stay_data(tmp_path: Path) -> None:
    hostile = "`${x}` \"; throw 1; // </script> {{ 7*7 }} \u2028 \\ ' \n end"
    file = tmp_path / "s.yaml"
    step = {"kind": "request", "path": "/x", "title": hostile, "headers": {"x-a": hostile}}
    file.write_text(json.dumps({"scenarios": {"h": {"description": "d", "steps": [step]}}}))
    script = render(load_scenarios(file).scenarios["h"], load_flavours(), "s.yaml")
    text = script.files["h.js"]
    assert json.dumps(hostile) in text
    assert "49" not in text


def test_description_cannot_leave_its_comment(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(json.dumps({"scenarios": {"h": {
        "description": "one\n\nthrow new Error('out')\u2028throw 2",
        "steps": [{"kind": "list_models"}]}}}))  # fmt: skip
    text = render(load_scenarios(file).scenarios["h"], load_flavours(), "s.yaml").files["h.js"]
    head = text.split("import {", maxsplit=1)[0]
    assert all(not line or line.startswith("//") for line in head.splitlines())


def test_rendering_is_quick(builtin: Scenarios) -> None:
    started = time.process_time()
    for scenario in builtin.scenarios.values():
        render(scenario, load_flavours(), "scenarios.yaml")
    assert time.process_time() - started < 0.5


def test_files_of_people_are_left_alone(tmp_path: Path, scripts: list[Script]) -> None:
    mine = tmp_path / "test-completion-standard.js"
    mine.write_text("// mine\n")
    with pytest.raises(ConfigError, match="not rendered by janbench"):
        write_scripts(scripts, tmp_path)
    assert mine.read_text() == "// mine\n"
    assert hand_written(tmp_path) == [mine]


def test_what_differs(tmp_path: Path, scripts: list[Script]) -> None:
    assert differing(scripts, tmp_path)
    write_scripts(scripts, tmp_path)
    assert differing(scripts, tmp_path) == []
    changed = tmp_path / "lib" / "step.js"
    changed.write_text(changed.read_text() + "// changed\n")
    assert differing(scripts, tmp_path) == [changed]
    assert hand_written(tmp_path) == []


def test_literals_are_json_in_any_width() -> None:
    value = {"a": [1, 2.5, None, True, "x" * 200], "b": {}, "c": [], "d": {"e": "</script>\u2028"}}
    for indent in (0, 4, 40):
        assert json.loads(literal(value, indent)) == value
    assert "\u2028" not in literal(value)


def test_literals_in_a_script_have_bare_keys() -> None:
    assert literal({"a": {"b-c": [1]}}, bare=True) == '{ a: { "b-c": [1] } }'
    assert literal({"__proto__": 1}, bare=True) == '{ ["__proto__"]: 1 }'


def test_a_copy_with_another_name_is_a_persons(tmp_path: Path, scripts: list[Script]) -> None:
    main = write_scripts(scripts, tmp_path)[0]
    copy = tmp_path / "mine.js"
    copy.write_text(main.read_text())
    assert hand_written(tmp_path) == [copy]


@pytest.mark.parametrize("given", ["a.b", "a.b.js", "src/a.b.js", "./src/a.b.js", r"src\a.b.js"])
def test_names_of_test_cases(given: str) -> None:
    assert case_name(given) == "a.b"


def test_kinds_have_the_same_defaults_in_yaml_and_in_javascript() -> None:
    for leaf in get_args(Leaf):
        kind = get_args(leaf.model_fields["kind"].annotation)[0]
        module = resources.templates() / "lib" / "steps" / f"{kind}.js"
        given = re.search(r"= defineStep\(\{(.*?)\}, run\);", module.read_text(), re.DOTALL)
        assert given
        said = given[1]
        timeout = re.search(r"timeout_s: (\d+)", said)
        assert float(timeout[1] if timeout else 60) == leaf.model_fields["timeout_s"].default
        assert ("counted: false" in said) == (not leaf.counted)
        assert ("model: true" in said) == leaf.model_talk
        if leaf.default_title:
            assert f"title: '{leaf.default_title}'" in said
        metric = leaf.model_fields["metric"].default
        assert (f"metric: '{metric}'" in said) == (metric is not None)
        if leaf.model_talk:
            assert f"answer_check: '{leaf.answer_check}'" in said
            assert f"prompt: '{leaf.model_fields['prompt'].default}'" in said


def test_a_budget_below_one_iteration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    load = {"shape": "constant", "rate": 1, "duration": "5s", "budget": {"max_requests": 1}}
    steps = [{"kind": "list_models"}, {"kind": "request", "path": "/x"}]
    file.write_text(json.dumps({"scenarios": {"h": {"load": load, "steps": steps}}}))
    with pytest.raises(ConfigError, match="allows the lane main no iteration"):
        render(load_scenarios(file).scenarios["h"], load_flavours(), "s.yaml")


def test_a_run_gets_its_library_in_one_module(scripts: list[Script]) -> None:
    for script in scripts:
        made = bundled(script)
        assert [name for name in made.files if name.startswith("lib/")] == ["lib/janbench.js"]
        library, main = made.files["lib/janbench.js"], made.files[script.main]
        assert not re.search(r"^(import .*from '\.|export (function|class))", library, re.MULTILINE)
        assert "createConversation" in library or "conversation" not in script.name
        # The journey, the load and the thresholds stand there as they were.
        gone = set(script.files[script.main].splitlines()) - set(main.splitlines())
        assert all(re.match(r"import |export |const (flavours|options)|\}|\]", x) for x in gone)
        assert bundled(script).files == made.files  # rendering again gives the same

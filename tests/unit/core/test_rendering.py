"""Rendering: data through tojson, libraries as they are, files that people wrote left alone."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from janbench import resources
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import Scenarios, load_scenarios
from janbench.errors import ConfigError
from janbench.model.script import HEADER, Script
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
    changed = tmp_path / "lib" / "journey.js"
    changed.write_text(changed.read_text() + "// changed\n")
    assert differing(scripts, tmp_path) == [changed]
    assert hand_written(tmp_path) == []


def test_literals_are_json_in_any_width() -> None:
    value = {"a": [1, 2.5, None, True, "x" * 200], "b": {}, "c": [], "d": {"e": "</script>\u2028"}}
    for indent in (0, 4, 40):
        assert json.loads(literal(value, indent)) == value
    assert "\u2028" not in literal(value)

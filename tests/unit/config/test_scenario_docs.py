"""The page and the schema of the scenario file are those of the models, and their examples work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter

from scripts.build_scenario_docs import ROOT, main, schema
from scripts.scenario_docs.examples import EXAMPLES
from scripts.scenario_docs.markdown import heading, own_fields
from scripts.scenario_docs.pages import CHAPTERS

MODELS = list(EXAMPLES)
NAMES = [model.__name__ for model in MODELS]


def test_files_are_up_to_date() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_examples_work_and_leave_no_key_out(model: type[BaseModel]) -> None:
    shown: set[str] = set()
    for example in EXAMPLES[model]:
        data = yaml.safe_load(example)
        TypeAdapter(model).validate_python(data)
        shown |= set(data)
    assert set(own_fields(model)) <= shown


def test_every_model_has_its_section() -> None:
    assert sorted(NAMES) == sorted(m.__name__ for _, _, models in CHAPTERS for m in models)
    text = (ROOT / "docs" / "scenarios.md").read_text()
    assert all(f"### {heading(model)}\n" in text for model in MODELS)


def test_schema_accepts_what_works_and_refuses_what_does_not() -> None:
    validator = Draft202012Validator(json.loads(schema()))
    files = [ROOT / "scenarios.yaml", *sorted((ROOT / "examples").glob("*.yaml"))]
    assert len(files) > 8
    for file in files:
        validator.validate(yaml.safe_load(Path(file).read_text()))
    assert not validator.is_valid({"scenarios": {"a": {"steps": [{"kind": "chta"}]}}})
    assert not validator.is_valid({"scenarios": {"a": {"step": []}}})

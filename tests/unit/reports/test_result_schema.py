from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from janbench.model.results.result import RunResult
from scripts.write_result_schema import TARGET, schema_text
from tests.unit.reports.golden_cases import broken, mixed, passed


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_published_schema_is_that_of_the_model() -> None:
    assert TARGET.read_text(encoding="utf-8") == schema_text(), (
        "result.json has changed: python -m scripts.write_result_schema"
    )


@pytest.mark.parametrize("run", [passed(), mixed(), broken()])
def test_results_are_valid(validator: Draft202012Validator, run: RunResult) -> None:
    validator.validate(json.loads(run.to_json()))


def test_a_result_without_its_verdict_is_not(validator: Draft202012Validator) -> None:
    data = json.loads(passed().to_json())
    assert validator.is_valid({**data, "added_later": 1})
    del data["verdict"]
    assert not validator.is_valid(data)
    assert not validator.is_valid({**data, "verdict": "fine"})

"""Writes `docs/result.schema.json`, the JSON Schema of `result.json`, from the typed model.

python -m scripts.write_result_schema
"""

from __future__ import annotations

import json
from pathlib import Path

from janbench.model.results.result import SCHEMA, RunResult

TARGET = Path(__file__).parent.parent / "docs" / "result.schema.json"


def schema_text() -> str:
    """Return the schema's text: what a reader may rely on, so new keys are allowed."""
    schema = RunResult.model_json_schema(by_alias=True, mode="validation")
    schema["properties"]["schema"]["const"] = SCHEMA
    return (
        json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "result.json of janbench",
                **_open(schema),
            },
            indent=2,
        )
        + "\n"
    )


def _open(schema: dict[str, object]) -> dict[str, object]:
    """Take away that unknown keys are refused: a later version of the same schema may add some."""
    text = json.dumps(schema)
    return dict(json.loads(text.replace('"additionalProperties": false, ', "")))


if __name__ == "__main__":
    TARGET.write_text(schema_text(), encoding="utf-8", newline="\n")

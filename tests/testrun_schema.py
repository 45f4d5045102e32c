"""A TestRun object held against a schema of k6-operator's fields."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

SCHEMA = json.loads(Path(__file__).with_name("testrun.schema.json").read_text())


def check(run: dict[str, Any]) -> None:
    """Raise when `run` has a field that the operator doesn't know, or of another type."""
    validator: Any = importlib.import_module("jsonschema")
    validator.validate(run, SCHEMA)

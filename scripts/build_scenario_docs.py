"""Write `docs/scenarios.md` and `scenarios.schema.json`; `--check` only tells whether they fit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from janbench.model.scenario import ScenarioFile
from scripts.scenario_docs.markdown import heading, section
from scripts.scenario_docs.pages import CHAPTERS

ROOT = Path(__file__).parent.parent
INTRODUCTION = """\
# The scenario file

This page is built from the models that validate a scenario file
(`python -m scripts.build_scenario_docs`). Editors complete and check the keys when a file begins
with the way to `scenarios.schema.json`:

```yaml
# yaml-language-server: $schema=./scenarios.schema.json
```

`janbench validate` says what a scenario
would do: lanes, rates, virtual users, requests, tokens, length. Working files: `examples/`.
"""


def schema() -> str:
    """Return the JSON Schema of a scenario file."""
    found = ScenarioFile.model_json_schema(by_alias=True)
    found = {key: _or_variable(value) for key, value in found.items()}
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "janbench scenario file"
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _or_variable(node: Any) -> Any:
    """Let `${NAME}` stand wherever a number, a truth value or a text of a given form is wanted."""
    if isinstance(node, list):
        return [_or_variable(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind in ("number", "integer", "boolean") or (kind == "string" and "pattern" in node):
        outer = {key: node[key] for key in ("title", "description", "default") if key in node}
        inner = {key: value for key, value in node.items() if key not in outer}
        return {**outer, "anyOf": [inner, {"type": "string", "pattern": r"\$\{"}]}
    names = {key: node[key] for key in ("propertyNames", "patternProperties") if key in node}
    walked = {key: _or_variable(value) for key, value in node.items() if key not in names}
    if "patternProperties" in names:
        found = names["patternProperties"]
        names["patternProperties"] = {key: _or_variable(value) for key, value in found.items()}
    return {**walked, **names}


def page() -> str:
    """Return the text of the page."""
    lines = [INTRODUCTION]
    for title, _, models in CHAPTERS:
        lines.append(f"- **{title}**: " + ", ".join(heading(model) for model in models))
    lines.append("")
    for title, words, models in CHAPTERS:
        lines.append(f"## {title}\n")
        if words:
            lines.append(words + "\n")
        for model in models:
            lines += section(model)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check both files; gives the exit code."""
    wanted = {ROOT / "docs" / "scenarios.md": page(), ROOT / "scenarios.schema.json": schema()}
    if "--check" in arguments:
        stale = [path for path, text in wanted.items() if _read(path) != text]
        for path in stale:
            print(f"out of date: {path.relative_to(ROOT)}")  # noqa: T201
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

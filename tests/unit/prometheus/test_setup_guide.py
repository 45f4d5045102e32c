"""GRAFANA_SETUP.md explains the dashboard that ships, and its snippets are well-formed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "GRAFANA_SETUP.md").read_text(encoding="utf-8")
DOCUMENT = json.loads((ROOT / "grafana-dashboard.json").read_text(encoding="utf-8"))
READING = GUIDE.split("## 5. Reading it")[1].split("## 6.")[0]


def _titles() -> set[str]:
    panels = [p for row in DOCUMENT["panels"] for p in [row, *row.get("panels", [])]]
    return {panel["title"] for panel in panels if panel["type"] != "row"}


@pytest.mark.parametrize("title", sorted(_titles()))
def test_every_panel_is_explained(title: str) -> None:
    named = " ".join(line.split("|")[1] for line in READING.splitlines() if line.startswith("|"))
    assert title in named


def test_every_variable_is_explained() -> None:
    for variable in DOCUMENT["templating"]["list"]:
        label = variable["label"].replace("Compare: candidate", "candidate")
        assert label in GUIDE


def test_provisioning_snippets_are_yaml_that_grafana_knows() -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", GUIDE, flags=re.MULTILINE)
    parsed = [
        document
        for block in blocks
        for part in re.split(r"(?m)^    # provisioning/.*$", block)
        if "apiVersion" in part or "services:" in part
        for document in [yaml.safe_load(re.sub(r"(?m)^    ", "", part))]
    ]
    keys = [set(document) for document in parsed]
    assert {"apiVersion", "datasources"} in keys
    assert {"apiVersion", "providers"} in keys
    assert {"services"} in keys


def test_rules_named_in_the_documentation_exist() -> None:
    rules = (ROOT / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    documented = re.findall(r"`(janbench:[\w:]+)`", (ROOT / "docs" / "prometheus.md").read_text())
    assert len(documented) == 7
    for name in documented:
        assert f"record: {name}\n" in rules

"""The dashboard's file: made from its source, of Grafana's type, and readable for people."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from janbench import process
from tests.node_tools import node_tool

ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "grafana-dashboard.json"
TYPES = ["typescript@5.9.3", "@grafana/schema@13.2.3"]
# JSON has the values of Grafana's enums where its types want their names.
TYPE = """
import type { AnnotationQuery, AnnotationTarget, Dashboard, DataQuery } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}` : T extends number ? number
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Marks = { annotations: { list: AnnotationQuery<AnnotationTarget & DataQuery>[] } };
type Document = Plain<Omit<Dashboard, 'annotations'> & Marks>;
"""
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "types": [],
    },
    "files": ["dashboard.ts"],
}


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return document


def _panels() -> Iterator[dict[str, Any]]:
    for panel in _document()["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


PANELS = [pytest.param(panel, id=panel["title"]) for panel in _panels()]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="grafana-foundation-sdk needs Python 3.11")
def test_the_file_is_what_its_source_gives() -> None:
    pytest.importorskip("grafana_foundation_sdk")
    command = [sys.executable, "-m", "scripts.build_dashboard", "--check"]
    done = process.run(command, folder=ROOT)
    assert done.code == 0, done.stderr


def _check_types(text: str) -> process.Completed:
    tool = node_tool(TYPES)
    # Beside node_modules, where the compiler looks for the types.
    with tempfile.TemporaryDirectory(dir=tool) as name:
        folder = Path(name)
        (folder / "tsconfig.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        source = f"{TYPE}export const dashboard: Document = {text};\n"
        (folder / "dashboard.ts").write_text(source, encoding="utf-8")
        return process.run([tool / "node_modules/.bin/tsc", "-p", folder], timeout_s=120)


def test_grafanas_own_types_accept_it() -> None:
    done = _check_types(DASHBOARD.read_text(encoding="utf-8"))
    assert done.code == 0, done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"graphTooltip": 1', '"graphTooltip": "x"'),
        ('"mode": "absolute"', '"mode": "sometimes"'),
        ('"gridPos"', '"gridPosition"'),
        ('"includeAll": true', '"includeAll": "yes"'),
    ],
)
def test_grafanas_own_types_would_refuse_a_wrong_one(right: str, wrong: str) -> None:
    text = DASHBOARD.read_text(encoding="utf-8")
    assert right in text
    done = _check_types(text.replace(right, wrong, 1))
    assert done.code != 0
    assert "error TS2" in done.stdout


def test_rows_are_those_that_people_look_for() -> None:
    rows = [panel["title"] for panel in _document()["panels"] if panel["type"] == "row"]
    assert rows == [
        "Verdict at a glance",
        "Model (LLM)",
        "Journey",
        "HTTP",
        "Load",
        "Comparison of two runs",
        "Moving percentiles (native histograms only)",
    ]


def test_variables() -> None:
    variables = {v["name"]: v for v in _document()["templating"]["list"]}
    assert list(variables) == [
        "datasource",
        "environment",
        "test_case",
        "testid",
        "step",
        "baseline",
        "candidate",
    ]
    assert variables["datasource"]["type"] == "datasource"
    assert variables["testid"]["multi"] is True
    assert variables["baseline"]["multi"] is False


def test_it_looks_again_every_five_seconds_and_marks_runs() -> None:
    document = _document()
    assert document["refresh"] == "5s"
    (marks,) = document["annotations"]["list"]
    assert marks["target"]["tags"] == ["janbench"]


def test_ids_differ_and_panels_lie_within_the_grid() -> None:
    rows = [panel for panel in _document()["panels"] if panel["type"] == "row"]
    ids = [panel["id"] for panel in [*rows, *_panels()]]
    assert len(ids) == len(set(ids))
    for panel in _panels():
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24, panel["title"]


@pytest.mark.parametrize("panel", PANELS)
def test_panels_say_how_to_read_them(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 50
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["interval"] == "5s"


@pytest.mark.parametrize("panel", PANELS)
def test_times_are_shown_in_seconds_as_k6_sends_them(panel: dict[str, Any]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    assert unit in {"s", "percentunit", "reqps", "short", "Bps", "suffix: tok/s"}
    expressions = [target["expr"] for target in panel["targets"]]
    if unit == "s":
        assert all("_seconds" in e for e in expressions)
    assert not any("* 1000" in e or "/ 1000" in e for e in expressions)


@pytest.mark.parametrize("panel", PANELS)
def test_time_to_first_byte_never_goes_by_the_name_of_the_first_token(
    panel: dict[str, Any],
) -> None:
    shows_ttfb = any("llm_ttfb" in target["expr"] for target in panel["targets"])
    shows_ttft = any("llm_ttft" in target["expr"] for target in panel["targets"])
    assert not (shows_ttfb and shows_ttft)
    if shows_ttfb:
        assert "TTFB" in panel["title"] and "TTFT" not in panel["title"]
    if "TTFT" in panel["title"]:
        assert shows_ttft

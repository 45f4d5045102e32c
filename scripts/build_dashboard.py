"""Builds `grafana-dashboard.json` from `scripts/dashboard/`.

    python -m scripts.build_dashboard            write it
    python -m scripts.build_dashboard --check    exit 1 when the file isn't what the source gives

Needs Python 3.11 and grafana-foundation-sdk (in the extra `dev`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from scripts.dashboard.rows import rows
from scripts.dashboard.variables import variables

DASHBOARD = Path(__file__).parent.parent / "grafana-dashboard.json"
# Grafana migrates older documents by itself: this one is read by Grafana 10 and all later ones.
_SCHEMA_VERSION = 39
# The builders give every variable these defaults; Grafana's types know them for intervals only.
_OF_INTERVALS = ("auto", "auto_count", "auto_min")


def build() -> str:
    """Return the dashboard's JSON text; the same text each time, so that a change shows as one."""
    made = _dashboard().build()
    document = json.loads(json.dumps(made, cls=JSONEncoder))
    document["schemaVersion"] = _SCHEMA_VERSION
    for variable in document["templating"]["list"]:
        for name in _OF_INTERVALS:
            variable.pop(name, None)
    for annotation in document["annotations"]["list"]:
        annotation["target"]["refId"] = "Anno"
    _number_panels(document["panels"])
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the file; gives the exit code."""
    text = build()
    if "--check" not in arguments:
        DASHBOARD.write_text(text, encoding="utf-8")
        return 0
    if DASHBOARD.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(
        f"{DASHBOARD.name} is not what scripts/dashboard gives: "
        "run python -m scripts.build_dashboard\n"
    )
    return 1


def _dashboard() -> dashboard.Dashboard:
    builder = (
        dashboard.Dashboard("janbench: LLM API load tests")
        .uid("janbench")
        .description(
            "k6 runs of janbench. Every panel says how to read it (the i in its corner). "
            "Times are in seconds, as k6 sends them."
        )
        .tags(["janbench", "k6", "llm"])
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-30m", "now")
        .refresh("5s")
        .timezone("browser")
        .annotation(_marks())
        .variables(list(variables()))
    )
    for row in rows():
        heading = dashboard.Row(row.title).collapsed(row.collapsed)
        if row.collapsed:
            for panel in row.panels:
                heading.with_panel(panel)
            builder.with_row(heading)
            continue
        builder.with_row(heading)
        for panel in row.panels:
            builder.with_panel(panel)
    return builder


def _marks() -> dashboard.AnnotationQuery:
    """The starts, ends and verdicts that janbench writes into Grafana."""
    target = (
        dashboard.AnnotationTarget().limit(100).match_any(False).tags(["janbench"]).type("tags")
    )
    return (
        dashboard.AnnotationQuery()
        .name("Runs: start, end, verdict")
        .datasource(models.DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .enable(True)
        .icon_color("blue")
        .target(target)
    )


def _number_panels(panels: list[dict[str, object]], first: int = 1) -> int:
    """Return each panel an id, as links to single panels need."""
    for panel in panels:
        panel["id"] = first
        first += 1
        inner = panel.get("panels")
        if isinstance(inner, list):
            first = _number_panels(inner, first)
    return first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The dashboard's queries, as Grafana would send them to Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

DASHBOARD = Path(__file__).parents[3] / "grafana-dashboard.json"
_LABEL_VALUES = re.compile(r"^label_values\((.+),\s*(\w+)\)$")


@dataclass(frozen=True)
class PanelQuery:
    """A target of a panel; `place` names row, panel and target for a failure's message."""

    place: str
    panel: str
    unit: str
    expr: str
    instant: bool


@dataclass(frozen=True)
class Window:
    """The dashboard's time range, in Unix seconds."""

    start: float
    end: float

    @property
    def built_in(self) -> dict[str, str]:
        """Grafana's own variables for panels with a minimal step of 5 s."""
        return {
            "__range": f"{int(self.end - self.start) + 1}s",
            "__interval": "5s",
            "__rate_interval": "20s",
        }


Vector = list[tuple[dict[str, str], float]]


def panel_queries() -> Iterator[PanelQuery]:
    """Return every target of every panel, those of collapsed rows included."""
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    row = ""
    for panel in document["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        for inner in [panel, *panel.get("panels", [])]:
            for target in inner.get("targets", []):
                yield PanelQuery(
                    f"{row} / {inner['title']} / {target['refId']}",
                    inner["title"],
                    inner["fieldConfig"]["defaults"]["unit"],
                    target["expr"],
                    bool(target.get("instant")),
                )


def variable_queries() -> Iterator[tuple[str, str]]:
    """Return the name and the query of every variable that asks Prometheus."""
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def filled_in(expr: str, values: Mapping[str, str]) -> str:
    """Replace `$name` by its value, as Grafana does; KeyError for a variable that isn't there."""
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expr)


class Prometheus:
    """What Grafana asks of a Prometheus."""

    def __init__(self, url: str, window: Window) -> None:
        self.url = url
        self.window = window

    def last(self, expr: str) -> Vector:
        """Evaluate at the end of the window."""
        found = self._get("query", {"query": expr, "time": self.window.end})
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def over_time(self, expr: str) -> list[tuple[dict[str, str], list[float]]]:
        """Evaluate at every push of the window; the tests push each second."""
        span = {"start": self.window.start, "end": self.window.end, "step": 1}
        found = self._get("query_range", {"query": expr, **span})
        return [(one["metric"], [float(v) for _, v in one["values"]]) for one in found["result"]]

    def label_values(self, query: str, values: Mapping[str, str]) -> list[str]:
        """Evaluate Grafana's `label_values(SELECTOR, LABEL)`."""
        match = _LABEL_VALUES.match(query)
        assert match, query
        parameters = {
            "match[]": filled_in(match[1], values),
            "start": self.window.start,
            "end": self.window.end,
        }
        found: list[str] = self._get(f"label/{match[2]}/values", parameters)
        return found

    def series(self, selector: str) -> list[dict[str, str]]:
        """Return the labels of all series of the window."""
        span = {"start": self.window.start, "end": self.window.end}
        found: list[dict[str, str]] = self._get("series", {"match[]": selector, **span})
        return found

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=dict(parameters), timeout=30)
        body = answer.json()
        assert body["status"] == "success", f"{body.get('error')}: {parameters}"
        return body["data"]

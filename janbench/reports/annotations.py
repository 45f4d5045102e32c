"""Marks on Grafana's graphs: when a test case started, when it ended, how it was judged."""

from __future__ import annotations

import time

import requests

from janbench.model.results.result import ScenarioResult
from janbench.model.telemetry import Grafana, RunTags

_TIMEOUT_S = 5.0
_MOST_REASONS = 3


class Annotator:
    """Writes annotations through Grafana's HTTP API (`POST /api/annotations`).

    Each method gives the problem in words, empty when Grafana took the annotation: a run doesn't
    fail for want of a mark on a graph.
    """

    def __init__(self, grafana: Grafana) -> None:
        self._grafana = grafana

    def started(self, tags: RunTags) -> str:
        """Mark the start of a test case, now."""
        text = f"{tags.test_case} started against {tags.environment}, model {tags.model}"
        return self._post(tags, ["start"], text)

    def ended(self, tags: RunTags, result: ScenarioResult) -> str:
        """Mark the end of a test case, now, with its verdict and the first reasons."""
        reasons = [reason.message for reason in result.reasons[:_MOST_REASONS]]
        text = "\n".join([f"{tags.test_case}: {result.verdict}", *reasons])
        return self._post(tags, ["end", f"verdict:{result.verdict}"], text)

    def _post(self, tags: RunTags, marks: list[str], text: str) -> str:
        body = {
            "time": int(time.time() * 1000),
            "tags": ["janbench", *marks, f"testid:{tags.testid}", f"test_case:{tags.test_case}"],
            "text": text,
        }
        try:
            answer = requests.post(
                f"{self._grafana.url}/api/annotations",
                json=body,
                headers={"Authorization": f"Bearer {self._grafana.token}"},
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return f"Grafana at {self._grafana.url} can't be reached ({type(error).__name__})"
        if answer.ok:
            return ""
        hint = {401: ": is GRAFANA_TOKEN valid?", 403: ": the token needs the role Editor"}
        return (
            f"Grafana at {self._grafana.url} refused an annotation "
            f"(status {answer.status_code}{hint.get(answer.status_code, '')})"
        )

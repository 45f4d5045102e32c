"""Questions to Prometheus' HTTP API."""

from __future__ import annotations

from typing import Any, NamedTuple

import requests

from janbench.errors import TargetError

_TIMEOUT_S = 30.0


class Point(NamedTuple):
    """One series of an answer, with its value."""

    labels: dict[str, str]
    value: float


class PrometheusApi:
    """A server to ask; `base` is its URL, with or without the receiver's path."""

    def __init__(self, base: str, credentials: tuple[str, str] | None = None) -> None:
        self.base = base.removesuffix("/api/v1/write").rstrip("/")
        self._session = requests.Session()
        self._session.auth = credentials

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def at(self, expression: str, moment: float) -> list[Point]:
        """Evaluate at a moment (Unix seconds); native histograms of the answer are left out.

        Raises TargetError when there is no answer, or Prometheus refuses the question.
        """
        found = self._ask("query", {"query": expression, "time": f"{moment:.3f}"})
        return [
            Point(one["metric"], float(one["value"][1]))
            for one in found["result"]
            if "value" in one
        ]

    def moments(self, selector: str, days: int) -> list[float]:
        """Return the times of all samples of these series in the last days, in order."""
        found = self._ask("query", {"query": f"{selector}[{days}d]"})
        return sorted(
            float(moment)
            for one in found["result"]
            for moment, value in one.get("values", [])
            if value != "NaN"
        )

    def _ask(self, path: str, parameters: dict[str, str]) -> Any:
        url = f"{self.base}/api/v1/{path}"
        try:
            answer = self._session.post(url, data=parameters, timeout=_TIMEOUT_S)
            body = answer.json()
        except requests.RequestException as error:
            raise TargetError(
                f"Prometheus at {self.base} gives no usable answer ({type(error).__name__})",
                hint="Is it running, and is the URL that of its query API?",
            ) from None
        if not isinstance(body, dict) or body.get("status") != "success":
            detail = body.get("error") if isinstance(body, dict) else None
            raise TargetError(
                f"Prometheus at {self.base} refused a query: {detail or answer.status_code}"
            )
        return body["data"]

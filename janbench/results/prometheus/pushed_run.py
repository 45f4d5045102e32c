"""One test case of a run, as Prometheus has it."""

from __future__ import annotations

import json
import time

from janbench.model.results.distribution import Distribution
from janbench.results.prometheus.api import PrometheusApi

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
# janbench pushes its own figures when the run is over: they are looked for a little later.
_AFTERWARDS_S = 3600
# k6 counts its virtual users once a second; what ends after the last count is pushed later.
_MARGIN_S = 10


class PushedRun:
    """Questions about a test case; `start` and `end` are those of its first and last push."""

    def __init__(
        self, api: PrometheusApi, testid: str, test_case: str, start: float, end: float
    ) -> None:
        self.testid = testid
        self.test_case = test_case
        self.start = start
        self.end = end
        self._api = api
        self._where = f"testid={json.dumps(testid)},test_case={json.dumps(test_case)}"
        self._moment = end + _MARGIN_S
        self._range = f"{int(end - start) + 60}s"

    def labels(self) -> dict[str, str]:
        """Return the labels of the run: environment and model."""
        found = self._api.at(
            f"last_over_time(k6_vus{{{self._where}}}[{self._range}])", self._moment
        )
        return found[0].labels if found else {}

    def steps(self) -> list[str]:
        """Name the steps that made requests."""
        return sorted(step for step in self.totals_by("http_reqs", "step") if step)

    def total(self, counter: str, where: str = "") -> float:
        """Return a counter's end value; 0 for one that k6 never touched."""
        found = self._api.at(f"sum({self._last(f'k6_{counter}_total', where)})", self._moment)
        return found[0].value if found else 0.0

    def totals_by(self, counter: str, label: str) -> dict[str, float]:
        """Return a counter's end values by a label."""
        query = f"sum by ({label}) ({self._last(f'k6_{counter}_total', '')})"
        return {p.labels.get(label, ""): p.value for p in self._api.at(query, self._moment)}

    def checks(self) -> dict[str, float]:
        """Return each check's share of passes, in its worst lane."""
        query = f"min by (check) ({self._last('k6_checks_rate', '')})"
        return {p.labels.get("check", ""): p.value for p in self._api.at(query, self._moment)}

    def pushed(self, name: str, where: str = "") -> float | None:
        """Return a figure that janbench pushed after the run, None when it didn't."""
        moment = min(self.end + _AFTERWARDS_S, time.time())
        seconds = int(moment - self.start) + 60
        selector = ",".join(filter(None, (self._where, where)))
        found = self._api.at(
            f"max(last_over_time(janbench_{name}{{{selector}}}[{seconds}s]))", moment
        )
        return found[0].value if found else None

    def has_histograms(self) -> bool:
        """Tell whether the run pushed native histograms."""
        return self.distribution("http_req_duration_seconds", "", 1) is not None

    def distribution(self, histogram: str, where: str, factor: float) -> Distribution | None:
        """Merge a native histogram's series, None without any; values are multiplied by `factor`.

        `min` and `max` stay None: a histogram knows buckets only.
        """
        selector = ",".join(filter(None, (self._where, where)))
        merged = f"sum(k6_{histogram}{{{selector}}})"
        count = self._value(f"histogram_count({merged})")
        if not count:
            return None
        mean = self._value(f"histogram_sum({merged}) / histogram_count({merged})")
        quantiles = {
            name: self._value(f"histogram_quantile({quantile}, {merged})")
            for name, quantile in _QUANTILES.items()
        }
        scaled = {
            name: None if value is None else round(value * factor, 6)
            for name, value in {"mean": mean, **quantiles}.items()
        }
        return Distribution.model_validate({"count": int(count), "source": "k6", **scaled})

    def _value(self, expression: str) -> float | None:
        # The last push may be older than an instant look-up reaches: then the last that was there.
        query = f"{expression} or last_over_time(({expression})[{self._range}:5s])"
        found = self._api.at(query, self._moment)
        return found[0].value if found else None

    def _last(self, metric: str, where: str) -> str:
        selector = ",".join(filter(None, (self._where, where)))
        return f"last_over_time({metric}{{{selector}}}[{self._range}])"

"""Service-level objectives of a scenario or of a step."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from janbench.model.base import Frozen
from janbench.model.metric import METRICS

Statistic = Literal["min", "mean", "p50", "p90", "p95", "p99", "max"]
Limit = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Limits = dict[Statistic, Limit]

# What a limit is an upper one for, and a lower one; and how k6 knows it, where it does.
_LIMITED = [metric for metric in METRICS.values() if metric.objective and metric.scope != "run"]
LATENCIES = tuple(metric.name for metric in _LIMITED if metric.better == "lower")
FLOORS = tuple(metric.name for metric in _LIMITED if metric.better == "higher")
PER_REQUEST = tuple(metric.name for metric in METRICS.values() if metric.in_goodput)
_K6_STATISTICS = {"min": "min", "mean": "avg", "p50": "med", "max": "max"}


def needed_samples(statistic: str) -> int:
    """Return how many samples a percentile needs at least: p95 20, p99 100; 1 for anything else."""
    percentile = re.fullmatch(r"p(\d{2})", statistic)
    return math.ceil(100 / (100 - int(percentile[1]))) if percentile else 1


@dataclass(frozen=True)
class ObjectiveSpec:
    """One objective; `step` None means the whole scenario.

    `model`: whether it is about requests to the model. `limits` are those that a single request
    has to meet, where the objective is about goodput.
    """

    metric: str
    statistic: str
    comparison: Literal["<=", ">="]
    limit: float
    step: str | None = None
    abort_on_fail: bool = False
    limits: tuple[tuple[str, float], ...] = ()
    model: bool = True

    @property
    def name(self) -> str:
        """Name it for people: `ttft_ms p95 <= 800`."""
        statistic = "" if self.statistic == "share" else f" {self.statistic}"
        return f"{self.metric}{statistic} {self.comparison} {self.limit:g}"

    @property
    def threshold(self) -> tuple[str, str] | None:
        """Return the k6 metric and expression that judge the same; None where k6 can't."""
        registered = METRICS[self.metric]
        known = registered.trend if self.model else registered.plain_trend
        if known is None:
            return None
        metric = known if self.step is None else f"{known}{{step:{self.step}}}"
        statistic = _K6_STATISTICS.get(self.statistic, f"p({self.statistic[1:]})")
        return metric, f"{statistic}{self.comparison}{_plain(self.limit)}"


class Goodput(Frozen):
    """The share of attempted requests that must succeed and meet each of `limits`.

    Errors, dropped iterations and missing figures are misses. Without `limits`, those of the other
    objectives hold for each request.
    """

    BARE: ClassVar[dict[str, Any] | None] = {"type": "number"}

    share: Share
    limits: dict[
        Literal["ttft_ms", "ttft_visible_ms", "tpot_ms", "e2e_ms", "ttfb_ms", "tokens_per_s"], Limit
    ] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _bare_share(cls, data: Any) -> Any:
        """Take a bare number for the share."""
        if isinstance(data, int | float | str) and not isinstance(data, bool):
            return {"share": data}
        return data


class Slo(Frozen):
    """Objectives: limits for latencies by statistic, floors for speeds, shares.

    Latencies are milliseconds; `tokens_per_s` is per request, `output_tokens_per_s` and
    `requests_per_s` of the whole run. `abort_on_fail` ends the run when k6 sees an objective
    missed, after `abort_after_s`.
    """

    ttft_ms: Limits = Field(default_factory=dict)
    ttft_visible_ms: Limits = Field(default_factory=dict)
    itl_ms: Limits = Field(default_factory=dict)
    tpot_ms: Limits = Field(default_factory=dict)
    e2e_ms: Limits = Field(default_factory=dict)
    ttfb_ms: Limits = Field(default_factory=dict)
    finalize_ms: Limits = Field(default_factory=dict)
    tokens_per_s: Limits = Field(default_factory=dict)
    output_tokens_per_s: Limit | None = None
    requests_per_s: Limit | None = None
    error_rate: Share | None = None
    goodput: Goodput | None = None
    abort_on_fail: bool = False

    def wanted(self, step: str | None = None, *, model: bool = True) -> Iterator[ObjectiveSpec]:
        """Return the objectives one by one; `model`: whether they are about the model's answers."""
        for objective in self._all(step):
            yield replace(objective, model=model)

    def _all(self, step: str | None) -> Iterator[ObjectiveSpec]:
        for metric in (*LATENCIES, *FLOORS):
            comparison: Literal["<=", ">="] = ">=" if metric in FLOORS else "<="
            for statistic, limit in getattr(self, metric).items():
                yield ObjectiveSpec(metric, statistic, comparison, limit, step, self.abort_on_fail)
        for metric in ("output_tokens_per_s", "requests_per_s"):
            if getattr(self, metric) is not None:
                yield ObjectiveSpec(metric, "share", ">=", getattr(self, metric), step)
        if self.error_rate is not None:
            yield ObjectiveSpec("error_rate", "share", "<=", self.error_rate, step)
        if self.goodput is not None:
            yield ObjectiveSpec(
                "goodput", "share", ">=", self.goodput.share, step, limits=self.request_limits()
            )

    def request_limits(self) -> tuple[tuple[str, float], ...]:
        """Return the limits of a single request that goodput goes by."""
        if self.goodput is not None and self.goodput.limits:
            return tuple(self.goodput.limits.items())
        found = []
        for metric in PER_REQUEST:
            given = getattr(self, metric).values()
            if given:
                found.append((metric, min(given) if metric in FLOORS else max(given)))
        return tuple(found)


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")

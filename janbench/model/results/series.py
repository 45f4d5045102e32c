"""A scenario's records drawn together for charts: over time, as distributions, and as extremes.

Times are seconds since the scenario's first request unless a name ends in `_ms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cdf:
    """A cumulative distribution: `shares[i]` of the samples are at most `values[i]`."""

    values: Sequence[float]
    shares: Sequence[float]
    count: int

    def quantile(self, share: float) -> float:
        """Return the smallest known value that this share of the samples doesn't exceed."""
        for value, reached in zip(self.values, self.shares, strict=True):
            if reached >= share:
                return value
        return self.values[-1]


@dataclass(frozen=True)
class LatencyLine:
    """Median and 95th percentile for each bin in ms; None where a bin has no sample."""

    p50: Sequence[float | None]
    p95: Sequence[float | None]


@dataclass(frozen=True)
class Dots:
    """Single requests, at most some hundreds, drawn evenly from all."""

    at_s: Sequence[float]
    value_ms: Sequence[float]


def _known_as(trace_id: str, request_id: str) -> str:
    return f"trace {trace_id}" if trace_id else request_id


@dataclass(frozen=True)
class SlowRequest:
    """One of the slowest requests, with its parts in ms; None for a part that wasn't measured."""

    at_s: float
    step: str
    status: int | None
    integrity: str
    ttfb_ms: float | None
    ttft_ms: float | None
    e2e_ms: float
    finalize_ms: float | None
    output_tokens: int | None
    request_id: str
    trace_id: str = ""

    @property
    def known_as(self) -> str:
        """Return what finds it in the target's logs or traces; empty for nothing."""
        return _known_as(self.trace_id, self.request_id)


@dataclass(frozen=True)
class ErrorGroup:
    """Failed requests of one class, step, status and reason; the ids are those of the first."""

    integrity: str
    step: str
    status: int | None
    detail: str
    count: int
    first_s: float
    request_id: str
    trace_id: str = ""

    @property
    def known_as(self) -> str:
        """Return what finds its first request in the target's logs or traces; empty for nothing."""
        return _known_as(self.trace_id, self.request_id)


@dataclass(frozen=True)
class ScenarioSeries:
    """Everything that the charts of one scenario show.

    The bins are `bin_s` long; `bins` holds their middles. `latency`, `dots` and `cdfs` go by
    metric, then by step, and hold good requests only. `errors` goes by integrity class.
    """

    count: int
    duration_s: float
    bin_s: float
    bins: Sequence[float]
    requests_per_s: Sequence[float]
    in_flight: Sequence[float]
    tokens_per_s: Sequence[float]
    errors: Mapping[str, Sequence[int]] = field(default_factory=dict)
    latency: Mapping[str, Mapping[str, LatencyLine]] = field(default_factory=dict)
    dots: Mapping[str, Mapping[str, Dots]] = field(default_factory=dict)
    cdfs: Mapping[str, Mapping[str, Cdf]] = field(default_factory=dict)
    slowest: Sequence[SlowRequest] = ()
    error_groups: Sequence[ErrorGroup] = ()

"""Limits beyond which a measurement can't be trusted."""

from __future__ import annotations

from janbench.model.base import Frozen


class ValidityLimits(Frozen):
    """Limits of the generator's own troubles.

    `proxy_lag_p99_ms`: how late the timing proxy's event loop may come to its work, where the
    kernel doesn't tell when bytes came; `proxy_cpu`:
    its share of one core; `rate_shortfall`: share of the planned iterations that may be missing.
    `timing_error`, `timing_error_ms`: by how much a percentile may be off at most, as a share of it
    and in ms, because events were read together; it must pass both.
    `schedule_lag_p99_ms`: how late scheduled iterations may start. `start_skew_s`: how far apart
    the starts of several instances may lie.
    `allow_drops`: take dropped iterations for a finding rather than for a broken measurement.
    """

    proxy_lag_p99_ms: float = 5.0
    proxy_cpu: float = 0.9
    timing_error: float = 0.05
    timing_error_ms: float = 1.0
    rate_shortfall: float = 0.05
    schedule_lag_p99_ms: float = 50.0
    start_skew_s: float = 2.0
    allow_drops: bool = False
    allow_invalid: bool = False

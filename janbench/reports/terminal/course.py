"""Where a load is in its course: the phase, and the rate that is offered right now."""

from __future__ import annotations

from janbench.model.load.plan import Plan
from janbench.model.load.profile import Open


def phase_of(plan: Plan, elapsed_s: float) -> str:
    """Name the phase: warm-up, ramp up, hold, ramp down, cool-down."""
    load = plan.load
    if elapsed_s < load.warmup:
        return "warm-up"
    if elapsed_s >= plan.seconds - load.cooldown:
        return "cool-down"
    slopes = [_slope(lane.profile, elapsed_s - load.warmup) for lane in plan.lanes]
    if any(slope > 0 for slope in slopes):
        return "ramp up"
    return "ramp down" if any(slope < 0 for slope in slopes) else "hold"


def offered_rate(plan: Plan, elapsed_s: float) -> float | None:
    """Return iterations per second over all lanes; None for a load that isn't made of rates."""
    since = elapsed_s - plan.load.warmup
    rates = [_rate(lane.profile, since) for lane in plan.lanes if isinstance(lane.profile, Open)]
    return sum(rates) if rates and len(rates) == len(plan.lanes) and since >= 0 else None


def _slope(profile: object, at_s: float) -> float:
    found = _segment(profile, at_s)
    return found[1] - found[0] if found else 0.0


def _rate(profile: object, at_s: float) -> float:
    found = _segment(profile, at_s)
    return found[0] + (found[1] - found[0]) * found[2] if found else 0.0


def _segment(profile: object, at_s: float) -> tuple[float, float, float] | None:
    """Return the rates at both ends of the segment at a time, and the share of it that is over."""
    if not isinstance(profile, Open):
        return None
    for segment in profile.segments:
        if at_s < segment.seconds:
            return segment.start, segment.end, at_s / segment.seconds
        at_s -= segment.seconds
    return None

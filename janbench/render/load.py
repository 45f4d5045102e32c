"""What `lib/load.js` needs to know of a scenario's load."""

from __future__ import annotations

import math
from typing import Any

from janbench.model.load.plan import Lane, lanes_of
from janbench.model.load.profile import Closed, Open, Scheduled
from janbench.model.scenario import Scenario

_LANES = ("nonstream", "stream")
_SETUP_MARGIN_S = 30.0


def load_settings(scenario: Scenario) -> dict[str, Any]:
    """Return the load as data: rates that the environment may override, or lanes with shapes."""
    load = scenario.load
    steps = scenario.leaves
    names = tuple(load.lanes) if load.shaped else _LANES
    settings: dict[str, Any] = {
        "nonstream_rps": load.nonstream_rps,
        "stream_rps": load.stream_rps,
        "duration_min": load.duration_min,
        "iteration_s": {name: round(scenario.iteration_s(name), 3) for name in names},
        "max_vus": load.max_vus,
        "graceful_stop_s": max(step.timeout_s for step in steps),
        "single_limit_s": round(
            sum(s.timeout_s * s.most_repeats * s.most_requests for s in steps) + _SETUP_MARGIN_S
        ),
    }
    if load.shaped:
        del settings["nonstream_rps"], settings["stream_rps"], settings["duration_min"]
        lanes = lanes_of(scenario, load)
        settings["lanes"] = {lane.name: _lane(scenario, lane) for lane in lanes}
    elif load.budget.max_requests is not None or load.budget.max_duration is not None:
        settings["budget"] = {
            "max_requests": load.budget.max_requests,
            "max_duration_s": load.budget.max_duration,
            "requests": {name: scenario.most_requests_of(name) for name in _LANES},
        }
    if load.budget.max_tokens_total is not None:
        settings["max_tokens_total"] = load.budget.max_tokens_total
    if load.warmup:
        settings["warmup_s"] = load.warmup
    if load.cooldown:
        settings["cooldown_s"] = load.cooldown
    return settings


def schedules(scenario: Scenario) -> dict[str, list[float]]:
    """Return the start times of each lane that has given ones, in ms from the lane's start."""
    if not scenario.load.shaped:
        return {}
    return {
        lane.name: [round(arrival.at * 1000, 1) for arrival in lane.profile.arrivals]
        for lane in lanes_of(scenario, scenario.load)
        if isinstance(lane.profile, Scheduled)
    }


def virtual_users(scenario: Scenario, lane: Lane) -> tuple[int, int]:
    """Return how many virtual users a lane begins with, and how many it may come to.

    One is held for a whole iteration, so rate x length of an iteration are needed; up to five times
    as many when the target slows down.
    """
    profile, most = lane.profile, scenario.load.max_vus
    if isinstance(profile, Closed):
        return profile.vus, profile.vus
    if isinstance(profile, Scheduled):
        wanted = 2 * profile.in_flight(scenario.iteration_s(lane.name)) + 5
        vus = max(1, min(wanted, most, len(profile.arrivals)))
        return vus, vus
    needed = max(2, math.ceil(lane.rate * scenario.iteration_s(lane.name)))
    return min(needed, most), min(needed * 5, most)


def _lane(scenario: Scenario, lane: Lane) -> dict[str, Any]:
    shape, profile = scenario.load.shapes()[lane.name], lane.profile
    data: dict[str, Any] = {"steady": round(shape.steady, 6)}
    if isinstance(profile, Open):
        data["segments"] = [
            [round(s.seconds, 3), round(s.start, 6), round(s.end, 6)] for s in profile.segments
        ]
    elif isinstance(profile, Closed):
        data.update(vus=profile.vus, seconds=round(profile.seconds, 3))
        if profile.iterations is not None:
            data["iterations"] = profile.iterations
    elif isinstance(profile, Scheduled):
        vus, _ = virtual_users(scenario, lane)
        data.update(vus=vus, arrivals=len(profile.arrivals), seconds=round(profile.seconds, 3))
    if lane.limit is not None:
        data["limit"] = lane.limit
    return data

"""The load of a scenario as k6 knows it: its `scenarios`, with executors, rates and stages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from janbench.errors import ConfigError
from janbench.model.load.plan import Lane, lanes_of
from janbench.model.load.profile import Closed, Open, Scheduled, Segment
from janbench.model.scenario import Scenario

_LANES = ("nonstream", "stream")
_SETUP_MARGIN_S = 30.0


@dataclass(frozen=True)
class K6Scenario:
    """One of k6's `scenarios`: `data` as it stands in the script, and what is computed there.

    `variable` and `rate`: the rate that the environment may override; `iteration_s`: from which the
    number of virtual users follows then; `ramps`: whether it goes up, holds and goes down;
    `waiting`: virtual users that wait for given moments, and how many moments; `starts_after`: what
    the scenario waits for beside the lane of that rate.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    variable: str = ""
    rate: float = 0.0
    iteration_s: float = 0.0
    ramps: bool = False
    waiting: tuple[int, int] | None = None
    starts_after: float | None = None
    end: dict[str, Any] = field(default_factory=dict)


def k6_scenarios(scenario: Scenario) -> list[K6Scenario]:
    """Return a load's scenarios: each lane's, with its warm-up and cool-down.

    Raises ConfigError for a budget that allows a lane no iteration.
    """
    load = scenario.load
    if load.shaped:
        return [s for lane in lanes_of(scenario, load) for s in _shaped(scenario, lane)]
    rates = (plain(load.nonstream_rps), plain(load.stream_rps))
    return [
        s for name, rate in zip(_LANES, rates, strict=True) for s in _classic(scenario, name, rate)
    ]


def budget(scenario: Scenario) -> dict[str, Any]:
    """Return the budget that cuts a load whose rates the environment decides; empty without."""
    load = scenario.load
    most, longest = load.budget.max_requests, load.budget.max_duration
    if load.shaped or (most is None and longest is None):
        return {}
    found: dict[str, Any] = {}
    if most is not None:
        found["requests"] = most
    if longest is not None:
        found["seconds"] = plain(max(1.0, longest - load.warmup))
    requests = {name: plain(scenario.most_requests_of(name)) for name in _LANES}
    return {**found, "requestsPerIteration": requests}


def limits(scenario: Scenario) -> dict[str, int]:
    """Return the most iterations of each lane of a shaped load, where a budget sets any."""
    if not scenario.load.shaped:
        return {}
    lanes = lanes_of(scenario, scenario.load)
    return {lane.name: lane.limit for lane in lanes if lane.limit is not None}


def single_limit(scenario: Scenario) -> str:
    """Return the longest that a single run may take."""
    steps = scenario.leaves
    most = sum(s.timeout_s * s.most_repeats * s.most_requests for s in steps) + _SETUP_MARGIN_S
    return duration(round(most))


def duration(seconds: float) -> str:
    """Return a duration as k6 reads it: `10s`, `1500ms`."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def plain(number: float) -> float | int:
    """Return a whole number without its fraction."""
    return int(number) if float(number).is_integer() else round(number, 6)


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

    One is held for a whole iteration, so rate x length of an iteration are needed; and as many as
    wait when the target answers nothing, each until its request times out.
    """
    profile, most = lane.profile, scenario.load.max_vus
    if isinstance(profile, Closed):
        return profile.vus, profile.vus
    if isinstance(profile, Scheduled):
        wanted = 2 * profile.in_flight(scenario.iteration_s(lane.name)) + 5
        vus = max(1, min(wanted, most, len(profile.arrivals)))
        return vus, vus
    return _users_for(scenario, lane.name, lane.rate)


def _users_for(scenario: Scenario, lane: str, rate: float) -> tuple[int, int]:
    needed, most = max(2, math.ceil(rate * scenario.iteration_s(lane))), scenario.load.max_vus
    waiting = math.ceil(rate * scenario.longest_timeout_s)
    return min(needed, most), min(max(needed, waiting), most)


def _shaped(scenario: Scenario, lane: Lane) -> Iterator[K6Scenario]:
    load, profile = scenario.load, lane.profile
    if lane.limit == 0:
        raise ConfigError(
            f"the budget of {load.budget.max_requests} requests allows the lane {lane.name} no "
            "iteration",
            where=f"scenario {scenario.name}, load.budget.max_requests",
            hint=f"One makes up to {plain(scenario.most_requests_of(lane.name))} requests.",
        )
    steady = scenario.load.shapes()[lane.name].steady
    before = load.warmup
    if before:
        uncounted = _uncounted(scenario, lane, steady, before)
        yield K6Scenario(f"warmup_{lane.name}", uncounted, end=_end(scenario, "warmup"))
    phase = "main" if before or load.cooldown else ""
    yield K6Scenario(
        lane.name,
        _counted(scenario, lane),
        waiting=_waiting(scenario, lane),
        end=_end(scenario, phase, before),
    )
    if load.cooldown:
        assert profile is not None
        uncounted = _uncounted(scenario, lane, steady, load.cooldown)
        starts = before + profile.seconds
        yield K6Scenario(f"cooldown_{lane.name}", uncounted, end=_end(scenario, "cooldown", starts))


def _counted(scenario: Scenario, lane: Lane) -> dict[str, Any]:
    """Return the part of a lane's load that counts."""
    profile = lane.profile
    if isinstance(profile, Open):
        return _open(scenario, lane, profile.segments)
    if isinstance(profile, Closed) and profile.iterations is None:
        return _constant_users(lane.name, profile.vus, profile.seconds)
    if isinstance(profile, Closed):
        return {
            "executor": "shared-iterations",
            "exec": lane.name,
            "vus": min(profile.vus, profile.iterations or 1),
            "iterations": profile.iterations,
            "maxDuration": duration(profile.seconds),
        }
    assert isinstance(profile, Scheduled)
    return {
        "executor": "shared-iterations",
        "exec": lane.name,
        "iterations": len(profile.arrivals),
        "maxDuration": duration(max(1.0, profile.seconds) + scenario.longest_timeout_s),
    }


def _waiting(scenario: Scenario, lane: Lane) -> tuple[int, int] | None:
    if not isinstance(lane.profile, Scheduled):
        return None
    return virtual_users(scenario, lane)[0], len(lane.profile.arrivals)


def _uncounted(scenario: Scenario, lane: Lane, steady: float, seconds: float) -> dict[str, Any]:
    """Return a warm-up or cool-down: the lane's steady load."""
    if isinstance(lane.profile, Closed):
        return _constant_users(lane.name, round(steady), max(1.0, seconds))
    return _open(scenario, lane, (Segment(seconds, steady, steady),))


def _constant_users(name: str, vus: int, seconds: float) -> dict[str, Any]:
    return {
        "executor": "constant-vus", "exec": name, "vus": vus, "duration": duration(seconds),
    }  # fmt: skip


def _open(scenario: Scenario, lane: Lane, segments: tuple[Segment, ...]) -> dict[str, Any]:
    peak = max(max(segment.start, segment.end) for segment in segments)
    vus, most = _users_for(scenario, lane.name, peak)
    users = {"preAllocatedVUs": vus, "maxVUs": most}
    first = segments[0]
    if len(segments) == 1 and first.start == first.end and first.seconds >= 1:
        return {
            "executor": "constant-arrival-rate", "exec": lane.name, "rate": plain(first.start),
            "timeUnit": "1s", "duration": duration(first.seconds), **users,
        }  # fmt: skip
    return {
        "executor": "ramping-arrival-rate", "exec": lane.name, "startRate": plain(first.start),
        "timeUnit": "1s", "stages": _stages(segments), **users,
    }  # fmt: skip


def _stages(segments: tuple[Segment, ...]) -> list[dict[str, Any]]:
    stages = []
    rate = segments[0].start
    for segment in segments:
        if segment.start != rate:
            stages.append({"target": plain(segment.start), "duration": "0s"})
        stages.append({"target": plain(segment.end), "duration": duration(segment.seconds)})
        rate = segment.end
    return stages


def _classic(scenario: Scenario, name: str, rate: float) -> Iterator[K6Scenario]:
    load = scenario.load
    counted = K6Scenario(
        name,
        {"executor": "ramping-arrival-rate", "exec": name, "startRate": 0},
        variable=f"{name.upper()}_RPS",
        rate=rate,
        iteration_s=plain(round(scenario.iteration_s(name), 3)),
        ramps=True,
        end=_end(scenario, "main" if load.warmup or load.cooldown else "", load.warmup),
    )
    if load.warmup:
        data, end = _steady(name, load.warmup), _end(scenario, "warmup")
        yield replace(counted, name=f"warmup_{name}", data=data, ramps=False, end=end)
    yield counted
    if load.cooldown:
        data, end = _steady(name, load.cooldown), _end(scenario, "cooldown")
        yield replace(
            counted, name=f"cooldown_{name}", data=data, ramps=False, end=end,
            starts_after=plain(load.warmup),
        )  # fmt: skip


def _steady(name: str, seconds: float) -> dict[str, Any]:
    if seconds < 1:  # k6 takes no constant rate for less
        return {"executor": "ramping-arrival-rate", "exec": name, "stage": duration(seconds)}
    return {"executor": "constant-arrival-rate", "exec": name, "duration": duration(seconds)}


def _end(scenario: Scenario, phase: str, starts: float = 0.0) -> dict[str, Any]:
    end: dict[str, Any] = {"gracefulStop": duration(scenario.longest_timeout_s)}
    if starts:
        end["startTime"] = duration(starts)
    if phase:
        end["tags"] = {"phase": phase}
    return end

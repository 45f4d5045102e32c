"""A scenario with everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from janbench.model.flavour import Flavour
from janbench.model.load.profile import Closed, Open, Profile, Scheduled
from janbench.model.scenario import Load, Scenario, Target


@dataclass(frozen=True)
class Lane:
    """The load of one lane.

    `rate`: iterations per second at the highest, 0 in a closed loop. `iterations`: how many it
    starts in all, 0 where nobody can know. `limit`: the most that a budget allows.
    """

    name: str
    rate: float
    iterations: float
    profile: Profile | None = None
    limit: int | None = None

    @property
    def offered(self) -> str:
        """Say what is offered: `2/s`, `8 at a time`."""
        if isinstance(self.profile, Closed):
            return f"{self.profile.vus} at a time"
        return f"{self.rate:g}/s"


@dataclass(frozen=True)
class Plan:
    """A scenario with everything decided: its target, its mode and its load."""

    scenario: Scenario
    target: Target
    flavour: Flavour
    single: bool
    load: Load
    api_key: str = field(default="", repr=False)
    loadtest_token: str = field(default="", repr=False)

    @property
    def guests(self) -> bool:
        """Whether virtual users log in as guests."""
        return not self.api_key and self.flavour.auth.mode != "key"

    @cached_property
    def lanes(self) -> list[Lane]:
        """Return the lanes that run; none in a single run."""
        return [] if self.single else lanes_of(self.scenario, self.load)

    @property
    def seconds(self) -> float:
        """Return the length of the load, warm-up and cool-down included."""
        longest = max((p.profile.seconds for p in self.lanes if p.profile), default=0.0)
        return self.load.warmup + longest + self.load.cooldown

    @property
    def streams(self) -> bool:
        """Whether a stream will be asked for."""
        if self.single:
            return self.scenario.streams
        return any(self.scenario.streams_in(lane.name) for lane in self.lanes)

    def variables(self) -> dict[str, str]:
        """Return what the script reads from its environment, secrets included."""
        variables = {
            "BASE": self.target.base,
            "MODEL": self.target.model,
            "FLAVOUR": self.target.flavour,
            "SINGLE_RUN": str(self.single).lower(),
        }
        if not self.load.shaped:
            variables["NONSTREAM_RPS"] = _plain(self.load.nonstream_rps)
            variables["STREAM_RPS"] = _plain(self.load.stream_rps)
            variables["DURATION_MIN"] = _plain(self.load.duration_min)
        if self.api_key:
            variables["API_KEY"] = self.api_key
        if self.loadtest_token:
            variables["LOADTEST_TOKEN"] = self.loadtest_token
        return variables

    def missing(self) -> list[str]:
        """Name the parts that the scenario needs and the flavour lacks."""
        return sorted(p for p in self.scenario.needs if getattr(self.flavour, p) is None)


def lanes_of(scenario: Scenario, load: Load) -> list[Lane]:
    """Return the lanes of a load as this scenario runs them, within its budget."""
    profiles = load.profiles()
    limits = load.iteration_limits({name: scenario.most_requests_of(name) for name in profiles})
    shapes = load.shapes()
    return [
        _lane(name, profile, limits.get(name), shapes[name].steady)
        for name, profile in profiles.items()
    ]


def _lane(name: str, profile: Profile, limit: int | None, steady: float) -> Lane:
    if limit is not None:
        profile = profile.up_to(limit)
    if isinstance(profile, Closed):
        return Lane(name, 0.0, float(profile.iterations or 0), profile, limit)
    if isinstance(profile, Scheduled):
        return Lane(name, round(steady, 3), profile.iterations, profile, limit)
    assert isinstance(profile, Open)
    return Lane(name, profile.peak, profile.iterations, profile, limit)


def _plain(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")

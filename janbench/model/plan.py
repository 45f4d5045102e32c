"""A scenario with everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from janbench.model.flavour import Flavour
from janbench.model.scenario import Load, Scenario, Target

RAMP_LIMIT_S = 60.0
RAMP_SHARE = 0.2


@dataclass(frozen=True)
class Lane:
    """The load of one lane: iterations per second at the hold, and how many that starts in all."""

    name: str
    rate: float
    iterations: float


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

    @property
    def lanes(self) -> list[Lane]:
        """Give the lanes that run; none in a single run."""
        if self.single:
            return []
        seconds = self.load.duration_min * 60
        effective = seconds - min(RAMP_LIMIT_S, RAMP_SHARE * seconds)
        rates = {"nonstream": self.load.nonstream_rps, "stream": self.load.stream_rps}
        return [Lane(name, rate, rate * effective) for name, rate in rates.items() if rate > 0]

    @property
    def streams(self) -> bool:
        """Whether a stream will be asked for."""
        return self.scenario.streams and (self.single or self.load.stream_rps > 0)

    def variables(self) -> dict[str, str]:
        """Give what the script reads from its environment, secrets included."""
        variables = {
            "BASE": self.target.base,
            "MODEL": self.target.model,
            "FLAVOUR": self.target.flavour,
            "SINGLE_RUN": str(self.single).lower(),
            "NONSTREAM_RPS": _plain(self.load.nonstream_rps),
            "STREAM_RPS": _plain(self.load.stream_rps),
            "DURATION_MIN": _plain(self.load.duration_min),
        }
        if self.api_key:
            variables["API_KEY"] = self.api_key
        if self.loadtest_token:
            variables["LOADTEST_TOKEN"] = self.loadtest_token
        return variables

    def missing(self) -> list[str]:
        """Name the parts that the scenario needs and the flavour lacks."""
        return sorted(p for p in self.scenario.needs if getattr(self.flavour, p) is None)


def _plain(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")

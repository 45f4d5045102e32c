"""What a run was asked to do, after flag > environment > `.env` > scenarios.yaml > default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from janbench.config.flavours import flavour_named
from janbench.errors import ConfigError
from janbench.model.flavour import Flavour
from janbench.model.scenario import Load, Scenario, Target

RAMP_LIMIT_S = 60.0
RAMP_SHARE = 0.2


@dataclass(frozen=True)
class Flags:
    """The flags of `run` that override a variable; None where a flag was not given."""

    base: str | None = None
    model: str | None = None
    flavour: str | None = None
    duration: str | None = None
    nonstream_rps: str | None = None
    stream_rps: str | None = None
    single: bool | None = None
    debug: bool | None = None

    def as_variables(self) -> dict[str, str]:
        """Give the given flags under the names of the variables that they override."""
        given = {
            "BASE": self.base,
            "MODEL": self.model,
            "FLAVOUR": self.flavour,
            "DURATION_MIN": None if self.duration is None else str(minutes(self.duration)),
            "NONSTREAM_RPS": self.nonstream_rps,
            "STREAM_RPS": self.stream_rps,
            "SINGLE_RUN": None if self.single is None else str(self.single).lower(),
            "DEBUG": None if self.debug is None else str(self.debug).lower(),
        }
        return {name: value for name, value in given.items() if value is not None}


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


def plan(scenario: Scenario, environment: Mapping[str, str], flags: Flags) -> Plan:
    """Decide everything about a scenario; raises ConfigError naming the variable that is wrong."""
    values = {key: value for key, value in environment.items() if value != ""}
    values.update(flags.as_variables())
    target = Target.model_construct(
        base=_base(values.get("BASE", scenario.target.base)),
        flavour=values.get("FLAVOUR", scenario.target.flavour),
        model=values.get("MODEL", scenario.target.model),
    )
    load = scenario.load.model_copy(
        update={
            "nonstream_rps": _number(values, "NONSTREAM_RPS", scenario.load.nonstream_rps),
            "stream_rps": _number(values, "STREAM_RPS", scenario.load.stream_rps),
            "duration_min": _number(values, "DURATION_MIN", scenario.load.duration_min),
        }
    )
    single = flag(values, "SINGLE_RUN")
    if load.duration_min <= 0:
        raise ConfigError("DURATION_MIN must be greater than 0")
    if not single and load.nonstream_rps == 0 and load.stream_rps == 0:
        raise ConfigError(
            f"{scenario.name}: no load, since NONSTREAM_RPS and STREAM_RPS are both 0",
            hint="Raise one of them, or use --single.",
        )
    flag(values, "DEBUG")
    return Plan(
        scenario,
        target,
        flavour_named(target.flavour),
        single,
        load,
        values.get("API_KEY", ""),
        values.get("LOADTEST_TOKEN", ""),
    )


def flag(values: Mapping[str, str], name: str) -> bool:
    """Read a truth value; raises ConfigError for anything but true/false, 1/0, yes/no, on/off."""
    text = values.get(name, "false").lower()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off", ""):
        return False
    raise ConfigError(f"{name} must be true or false, not {values[name]!r}")


def minutes(text: str) -> float:
    """Read a duration: plain minutes (`5`, `0.2`), or with a unit (`90s`, `5m`, `1h`)."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|min|h)?\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigError(
            f"{text!r} is no duration", hint="Give minutes (0.2, 5) or a unit: 90s, 5m, 1h."
        )
    unit = {"ms": 1 / 60_000, "s": 1 / 60, "h": 60.0}.get(match[2] or "m", 1.0)
    return float(match[1]) * unit


def _number(values: Mapping[str, str], name: str, default: float) -> float:
    text = values.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ConfigError(f"{name} must be a number of at least 0, not {text!r}")
    return number


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"BASE must be an http:// or https:// URL, not {url!r}" if "@" not in url
            else "BASE must be an http:// or https:// URL",
            hint="For example: --base http://127.0.0.1:8787",
        )
    if parts.username or parts.password:
        raise ConfigError(
            "BASE must not carry a user name or password",
            hint="Set API_KEY in the environment or in .env instead.",
        )
    try:
        _ = parts.port
    except ValueError:
        raise ConfigError(f"BASE has no valid port: {url!r}") from None
    return url.rstrip("/")


def _plain(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")

"""What a run was asked to do, after flag > environment > `.env` > scenarios.yaml > default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from janbench.config.connecting import base_url, header_value
from janbench.config.flavours import flavour_named
from janbench.errors import ConfigError
from janbench.model.load.plan import Plan
from janbench.model.scenario import Scenario, Target


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
        """Return the given flags under the names of the variables that they override."""
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


def plan(scenario: Scenario, environment: Mapping[str, str], flags: Flags) -> Plan:
    """Decide everything about a scenario; raises ConfigError naming the variable that is wrong."""
    values = {key: value for key, value in environment.items() if value != ""}
    values.update(flags.as_variables())
    target = Target.model_construct(
        base=base_url(values.get("BASE", scenario.target.base)),
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
    if load.shaped:
        _refuse_rates(scenario, flags)
    elif not single and load.nonstream_rps == 0 and load.stream_rps == 0:
        raise ConfigError(
            f"{scenario.name}: no load, since NONSTREAM_RPS and STREAM_RPS are both 0",
            hint="Raise one of them, or use --single.",
        )
    flag(values, "DEBUG")
    made = Plan(
        scenario,
        target,
        flavour_named(target.flavour),
        single,
        load,
        header_value("API_KEY", values.get("API_KEY", "")),
        header_value("LOADTEST_TOKEN", values.get("LOADTEST_TOKEN", "")),
    )
    for lane in made.lanes:
        if lane.limit == 0:
            raise ConfigError(
                f"{scenario.name}: the budget doesn't allow one iteration of lane {lane.name}",
                hint="Raise load.budget.max_requests: an iteration may make "
                f"{scenario.most_requests_of(lane.name):g} requests.",
            )
    return made


def _refuse_rates(scenario: Scenario, flags: Flags) -> None:
    """Refuse flags that a load with shapes would silently ignore."""
    given = {
        "--duration": flags.duration,
        "--nonstream-rps": flags.nonstream_rps,
        "--stream-rps": flags.stream_rps,
    }
    for name, value in given.items():
        if value is not None:
            raise ConfigError(
                f"{scenario.name} has a load shape of its own, which {name} can't change",
                hint=f"Use --set, as in --set scenarios.{scenario.name}.load.rate=5",
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
            f"{text!r} is not a valid duration",
            hint="Write minutes (0.2, 5) or a unit: 90s, 5m, 1h.",
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

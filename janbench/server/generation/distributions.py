"""Distributions of delays and lengths, written as `200`, `normal:200,20`, `exp:50`..."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from janbench.errors import ConfigError

_SHAPES: dict[str, tuple[tuple[str, ...], Callable[[Random, tuple[float, ...]], float]]] = {
    "fixed": (("value",), lambda _, p: p[0]),
    "normal": (("mean", "deviation"), lambda rng, p: rng.normalvariate(p[0], p[1])),
    "lognormal": (("median", "sigma"), lambda rng, p: p[0] * math.exp(rng.normalvariate(0, p[1]))),
    "uniform": (("low", "high"), lambda rng, p: rng.uniform(p[0], p[1])),
    "exp": (("mean",), lambda rng, p: rng.expovariate(1 / p[0]) if p[0] else 0.0),
}


@dataclass(frozen=True)
class RandomVariable:
    """A distribution of non-negative numbers; a negative draw counts as 0."""

    shape: str
    parameters: tuple[float, ...]

    def draw(self, rng: Random) -> float:
        """One value, in the unit that the parameters were given in."""
        return max(0.0, _SHAPES[self.shape][1](rng, self.parameters))

    @property
    def constant(self) -> float | None:
        """The only value that can be drawn, or None when draws differ."""
        return self.parameters[0] if self.shape == "fixed" else None

    def __str__(self) -> str:
        numbers = ",".join(f"{value:g}" for value in self.parameters)
        return numbers if self.shape == "fixed" else f"{self.shape}:{numbers}"


def parse_distribution(text: str, *, option: str) -> RandomVariable:
    """Read `N` or `SHAPE:A[,B]`.

    Shapes: `normal:mean,deviation`, `lognormal:median,sigma` (sigma of the logarithm),
    `uniform:low,high`, `exp:mean`. Raises ConfigError naming `option`.
    """
    shape, colon, rest = text.strip().partition(":")
    if not colon:
        shape, rest = "fixed", shape
    if shape not in _SHAPES:
        raise ConfigError(
            f"unknown distribution {shape!r}", where=option, hint=f"Write a number, or {_FORMS}."
        )
    names = _SHAPES[shape][0]
    try:
        parameters = tuple(float(part) for part in rest.split(","))
    except ValueError:
        raise ConfigError(
            f"{text!r} isn't a number or a distribution", where=option, hint=f"Known: {_FORMS}."
        ) from None
    if len(parameters) != len(names):
        raise ConfigError(f"{shape} takes {', '.join(names)}: got {rest!r}", where=option)
    if any(not math.isfinite(value) or value < 0 for value in parameters):
        raise ConfigError(f"{text!r}: numbers must be finite and 0 or more", where=option)
    if shape == "uniform" and parameters[0] > parameters[1]:
        raise ConfigError(f"{text!r}: the low end is above the high end", where=option)
    return RandomVariable(shape, parameters)


_FORMS = ", ".join(
    f"{name}:{','.join(parameters)}" for name, (parameters, _) in _SHAPES.items() if name != "fixed"
)

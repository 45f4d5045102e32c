"""Numbers of tokens, drawn."""

from __future__ import annotations

import math
from random import Random

from janbench.model.prompts import Length


def draw(length: Length, rng: Random) -> int:
    """Draw a number of tokens.

    A lognormal's parameters follow from mean m and standard deviation s of the lengths themselves:
    sigma^2 = ln(1 + s^2/m^2), mu = ln(m) - sigma^2/2.
    """
    most = length.max if length.max is not None else 1_000_000
    if length.distribution == "uniform":
        return rng.randint(length.min, most)
    mean = length.mean or 1.0
    if length.distribution == "normal":
        drawn = rng.gauss(mean, length.sd)
    elif length.distribution == "lognormal":
        spread = math.log(1 + (length.sd / mean) ** 2)
        drawn = rng.lognormvariate(math.log(mean) - spread / 2, math.sqrt(spread))
    else:
        drawn = mean
    return max(length.min, min(most, round(drawn)))

"""Block bootstrap of quantiles and ratios, and the correction for asking many questions at once.

Requests that are near in time resemble each other: a full queue slows all that wait in it. Drawing
requests one by one would take them for independent and make the interval too narrow, so whole
stretches of time are drawn (circular block bootstrap: Politis and Romano, 1992), their length
chosen from the data (Politis and White, 2004, corrected by Patton, Politis and White, 2009).

All functions are deterministic: the random generator is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]
Integers = npt.NDArray[np.intp]

# Longer series are averaged down before their autocorrelation is looked at.
_LAGS_SERIES = 4096


def block_length(values: Floats) -> float:
    """Return the block length that suits a series in time order, in samples; 1 when independent.

    The rank of a value stands for it, so that a few extreme values don't decide.
    """
    series = _ranks(values)
    group = max(1, -(-len(series) // _LAGS_SERIES))
    if group > 1:
        whole = len(series) // group * group
        series = series[:whole].reshape(-1, group).mean(axis=1)
    length = _politis_white(series)
    # A length of 1 among averages says nothing but that neighbours within one may be alike.
    return length if group == 1 else length * group


def _ranks(values: Floats) -> Floats:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _politis_white(series: Floats) -> float:
    n = len(series)
    if n < 10:
        return 1.0
    centred = series - series.mean()
    longest = math.ceil(math.sqrt(n)) + max(5, math.ceil(math.sqrt(math.log10(n))))
    longest = min(longest, n - 1)
    covariance = _autocovariance(centred, longest)
    if covariance[0] <= 0:
        return 1.0
    correlation = covariance / covariance[0]
    window = max(5, math.ceil(math.sqrt(math.log10(n))))
    bound = 2 * math.sqrt(math.log10(n) / n)
    large = np.abs(correlation[1:]) >= bound
    quiet = next(
        (lag for lag in range(len(large) - window + 1) if not large[lag : lag + window].any()),
        len(large) - window,
    )
    bandwidth = min(2 * max(quiet, 1), longest)
    lags = np.arange(-bandwidth, bandwidth + 1)
    # The flat-top kernel: whole up to half the bandwidth, then falling to nothing.
    kernel = np.clip(2 * (1 - np.abs(lags) / bandwidth), 0, 1)
    at_lags = covariance[np.abs(lags)]
    spread = float(np.sum(kernel * np.abs(lags) * at_lags))
    level = float(np.sum(kernel * at_lags))
    if level <= 0:
        return 1.0
    best = (2 * spread**2 / (4 / 3 * level**2)) ** (1 / 3) * n ** (1 / 3)
    return float(min(max(1.0, best), 3 * math.sqrt(n), n / 3))


def _autocovariance(centred: Floats, longest: int) -> Floats:
    n = len(centred)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    products = np.fft.irfft(spectrum * np.conj(spectrum), size)[: longest + 1]
    return np.asarray(products / n, dtype=np.float64)


def block_weights(blocks: int, length: int, draws: int, generator: np.random.Generator) -> Weights:
    """Draw `draws` resamples of `blocks` blocks in a circle, in stretches of `length`.

    Gives a matrix (draws, blocks): how often each block was drawn.
    """
    stretches = max(1, round(blocks / length))
    starts = generator.integers(0, blocks, size=(draws, stretches))
    rows = np.arange(draws)[:, None] * blocks
    first = np.bincount((starts + rows).ravel(), minlength=draws * blocks)
    weights = first.reshape(draws, blocks).astype(np.float32)
    if length > 1:
        circle = np.concatenate([weights[:, blocks - length + 1 :], weights], axis=1)
        sums = np.cumsum(circle, axis=1, dtype=np.float64)
        sums = np.concatenate([np.zeros((draws, 1)), sums], axis=1)
        weights = (sums[:, length:] - sums[:, :-length]).astype(np.float32)
    return weights


def weighted_quantiles(grid: Floats, weights: Weights, shares: Sequence[float]) -> Floats:
    """Return quantiles of weighted values for each row of weights: shape (shares, rows).

    `grid` ascends; a row without any weight gives NaN.
    """
    reached = np.cumsum(weights, axis=1, dtype=np.float32)
    total = reached[:, -1]
    found = np.empty((len(shares), len(weights)))
    for place, share in enumerate(shares):
        at = np.count_nonzero(reached < (share * total)[:, None], axis=1)
        found[place] = grid[np.minimum(at, len(grid) - 1)]
    found[:, total == 0] = np.nan
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false alarm among them is bounded (Holm, 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = highest
    return adjusted

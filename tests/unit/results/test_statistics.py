from __future__ import annotations

import numpy as np
import pytest

from janbench.results.compare.statistics import (
    block_length,
    block_weights,
    holm,
    weighted_quantiles,
)


def test_independent_samples_need_no_blocks() -> None:
    lengths = [block_length(np.random.default_rng(i).standard_normal(1000)) for i in range(20)]
    assert np.median(lengths) < 4


@pytest.mark.parametrize(("correlation", "least"), [(0.5, 5), (0.9, 20)])
def test_correlated_samples_need_longer_blocks(correlation: float, least: float) -> None:
    noise = np.random.default_rng(1).standard_normal(2000)
    for i in range(1, len(noise)):
        noise[i] = correlation * noise[i - 1] + noise[i] * np.sqrt(1 - correlation**2)
    assert block_length(noise) > least


@pytest.mark.parametrize(
    "values", [np.ones(100), np.array([1.0]), np.array([]), np.arange(9, dtype=float)]
)
def test_what_has_no_correlation_gives_one(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    assert block_length(values) >= 1


def test_a_long_series_is_averaged_down() -> None:
    assert block_length(np.random.default_rng(3).standard_normal(50_000)) < 200


@pytest.mark.parametrize(("blocks", "length"), [(10, 1), (10, 3), (512, 7), (5, 5), (1, 1)])
def test_weights_draw_whole_stretches(blocks: int, length: int) -> None:
    weights = block_weights(blocks, length, 500, np.random.default_rng(0))
    assert weights.shape == (500, blocks)
    assert (weights.sum(axis=1) == max(1, round(blocks / length)) * length).all()
    # Every block is as likely as any other: the circle has no ends.
    assert weights.mean(axis=0) == pytest.approx(weights.mean(), rel=0.25)


def test_weighted_quantiles_are_those_of_the_repeated_values() -> None:
    generator = np.random.default_rng(5)
    grid = np.sort(generator.random(60))
    weights = generator.integers(0, 4, size=(20, 60)).astype(np.float32)
    found = weighted_quantiles(grid, weights, [0.1, 0.5, 0.95])
    for row, counts in enumerate(weights):
        values = np.repeat(grid, counts.astype(int))
        for place, share in enumerate([0.1, 0.5, 0.95]):
            wanted = np.quantile(values, share, method="inverted_cdf")
            # A share that falls exactly on a step may be rounded to the step beneath or above.
            near = np.searchsorted(values, found[place, row])
            assert abs(near - np.searchsorted(values, wanted)) <= 1 or found[place, row] == wanted


def test_no_weight_gives_no_quantile() -> None:
    found = weighted_quantiles(np.array([1.0, 2.0]), np.zeros((1, 2), dtype=np.float32), [0.5])
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([], []),
        ([0.01], [0.01]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, 0.01], [0.02, 0.02]),
    ],
)
def test_holm(given: list[float], adjusted: list[float]) -> None:
    assert holm(given) == pytest.approx(adjusted)

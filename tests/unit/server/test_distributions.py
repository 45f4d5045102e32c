"""Delays and lengths written as text."""

from __future__ import annotations

from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janbench.errors import ConfigError
from janbench.server.generation.distributions import parse_distribution


def draws(text: str, seed: int = 1, count: int = 4000) -> list[float]:
    rng = Random(seed)
    distribution = parse_distribution(text, option="--x")
    return [distribution.draw(rng) for _ in range(count)]


def test_a_number_is_always_drawn_exactly() -> None:
    assert set(draws("12.5")) == {12.5}
    assert parse_distribution("12.5", option="--x").constant == 12.5


@pytest.mark.parametrize(
    ("text", "statistic", "expected"),
    [
        ("normal:200,20", fmean, 200),
        ("lognormal:100,0.5", median, 100),
        ("uniform:10,30", fmean, 20),
        ("exp:50", fmean, 50),
    ],
)
def test_draws_centre_where_the_parameters_say(
    text: str, statistic: object, expected: float
) -> None:
    assert callable(statistic)
    assert statistic(draws(text)) == pytest.approx(expected, rel=0.06)
    assert parse_distribution(text, option="--x").constant is None


def test_one_seed_repeats_and_another_differs() -> None:
    assert draws("exp:50", seed=7) == draws("exp:50", seed=7)
    assert draws("exp:50", seed=7) != draws("exp:50", seed=8)


def test_a_negative_draw_counts_as_zero() -> None:
    values = draws("normal:0,100")
    assert min(values) == 0
    assert max(values) > 0


@given(st.floats(0, 1e6, allow_nan=False), st.floats(0, 1e6, allow_nan=False))
def test_uniform_stays_within_its_ends(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert all(low <= value <= high for value in draws(f"uniform:{low!r},{high!r}", count=20))


def test_exp_of_zero_is_zero() -> None:
    assert set(draws("exp:0", count=5)) == {0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "isn't a number"),
        ("soon", "isn't a number"),
        ("-1", "0 or more"),
        ("nan", "finite"),
        ("inf", "finite"),
        ("normal:1", "normal takes mean, deviation"),
        ("exp:1,2", "exp takes mean"),
        ("uniform:5,1", "the low end is above the high end"),
        ("gamma:1,2", "unknown distribution 'gamma'"),
    ],
)
def test_what_cannot_be_read_names_the_option(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="--ttft-ms") as caught:
        parse_distribution(text, option="--ttft-ms")
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["200", "normal:200,20", "exp:50", "uniform:1,2"])
def test_a_distribution_prints_as_it_was_written(text: str) -> None:
    assert str(parse_distribution(text, option="--x")) == text

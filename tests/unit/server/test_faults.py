"""Which fault befalls which request."""

from __future__ import annotations

import pytest

from janbench.errors import ConfigError
from janbench.server.faults import (
    FAULTS,
    NONE,
    FaultDice,
    FaultRule,
    Hits,
    parse_fault,
    with_html,
)
from janbench.server.generation.prose import HTML

STREAM = frozenset((Hits.ANY, Hits.PROTECTED, Hits.GENERATION, Hits.CHAT, Hits.STREAM))
PLAIN = frozenset((Hits.ANY,))


def dice(*rules: str, seed: int = 1, first: int = 0, until: int | None = None) -> FaultDice:
    return FaultDice([parse_fault(rule) for rule in rules], seed, first, until)


def test_a_rate_befalls_its_share() -> None:
    roll = dice("reset=0.25")
    hits = sum(roll.pick(n, STREAM) is FAULTS["reset"] for n in range(4000))
    assert 900 < hits < 1100


def test_one_seed_repeats() -> None:
    picks = [[dice("reset=0.5", seed=s).pick(0, STREAM).name for s in range(20)] for _ in "ab"]
    assert picks[0] == picks[1]
    assert set(picks[0]) == {"", "reset"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_befalls_only_what_it_can(name: str) -> None:
    fault = FAULTS[name]
    assert dice(name).pick(0, PLAIN) is (fault if fault.hits is Hits.ANY else NONE)
    assert dice(name).pick(0, STREAM) is (NONE if fault.hits is Hits.LOGIN else fault)


def test_the_first_rule_that_hits_counts() -> None:
    assert dice("no-done=0", "truncated", "reset").pick(0, STREAM).name == "truncated"


def test_a_window_bounds_the_faults() -> None:
    roll = dice("reset", first=2, until=4)
    assert [roll.pick(n, STREAM).name for n in range(6)] == ["", "", "reset", "reset", "", ""]


@pytest.mark.parametrize("text", ["reset=2", "reset=-0.1", "reset=often", "reset=nan", "reset="])
def test_a_rate_must_be_a_share(text: str) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        parse_fault(text)


def test_a_misspelt_fault_is_told_its_neighbour() -> None:
    with pytest.raises(ConfigError, match="Did you mean truncated"):
        parse_fault("truncate")
    with pytest.raises(ConfigError, match="Known: backend-down"):
        parse_fault("zzzz")


def test_a_fault_without_a_rate_always_hits() -> None:
    assert parse_fault("html") == FaultRule(FAULTS["html"], 1.0)


def test_html_reaches_texts_but_not_ids() -> None:
    given = {"id": "x", "object": "list", "data": [{"title": "t", "n": 1, "text": {"value": "v"}}]}
    poisoned = with_html(given)
    assert poisoned["id"] == "x"
    assert poisoned["data"][0]["title"] == f"t {HTML}"
    assert poisoned["data"][0]["text"]["value"] == f"v {HTML}"
    assert poisoned["data"][0]["n"] == 1

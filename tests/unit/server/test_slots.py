"""Slots and the queue before them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from janbench.server.generation.slots import Slots


def start(log: list[str], name: str, wanted: bool = True) -> Callable[[], bool]:
    def run() -> bool:
        log.append(name)
        return wanted

    return run


def test_first_come_first_served() -> None:
    slots = Slots(2, 0)
    log: list[str] = []
    for name in "abcd":
        slots.acquire(start(log, name))
    assert log == ["a", "b"]
    assert (slots.active, slots.queued) == (2, 2)
    slots.release()
    assert log == ["a", "b", "c"]
    slots.release()
    slots.release()
    slots.release()
    assert log == ["a", "b", "c", "d"]
    assert (slots.active, slots.queued, slots.served, slots.max_active) == (0, 0, 4, 2)


def test_who_no_longer_wants_a_slot_is_passed_over() -> None:
    slots = Slots(1, 0)
    log: list[str] = []
    slots.acquire(start(log, "a"))
    slots.acquire(start(log, "gone", wanted=False))
    slots.acquire(start(log, "b"))
    slots.release()
    assert log == ["a", "gone", "b"]
    assert slots.active == 1


def test_without_a_limit_nobody_waits() -> None:
    slots = Slots(0, 0)
    log: list[str] = []
    for _ in range(50):
        slots.acquire(start(log, "x"))
    assert (len(log), slots.active, slots.queued) == (50, 50, 0)


@pytest.mark.parametrize(
    ("limit", "active", "expected"),
    [(4, 1, 1.0), (4, 4, 1.5), (4, 2, 1 + 0.5 / 3), (1, 1, 1.0), (0, 101, 1.5), (0, 1, 1.0)],
)
def test_tokens_slow_down_as_the_slots_fill(limit: int, active: int, expected: float) -> None:
    slots = Slots(limit, 0.5)
    for _ in range(active):
        slots.acquire(lambda: True)
    assert slots.stretch() == pytest.approx(expected)


def test_without_a_slowdown_the_load_changes_nothing() -> None:
    slots = Slots(4, 0)
    for _ in range(4):
        slots.acquire(lambda: True)
    assert slots.stretch() == 1.0

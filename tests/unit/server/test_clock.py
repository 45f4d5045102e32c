"""The clock that wakes at absolute times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import uvloop

from janbench.server.generation import clock as clock_module
from janbench.server.generation.clock import Clock

MS = 1_000_000


def run(
    test: Callable[[Clock, asyncio.AbstractEventLoop], asyncio.Future[None]],
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def main() -> None:
        clock = Clock(loop)
        try:
            await asyncio.wait_for(test(clock, loop), 10)
        finally:
            clock.close()

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.fixture(params=["uvloop", "asyncio", "asyncio without timerfd"])
def loop(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> asyncio.AbstractEventLoop:
    if request.param == "asyncio without timerfd":
        monkeypatch.setattr(clock_module, "_open_timerfd", lambda: (None, -1))
    return uvloop.new_event_loop() if request.param == "uvloop" else asyncio.new_event_loop()


def test_callbacks_come_in_order_of_time_and_never_early(
    loop: asyncio.AbstractEventLoop,
) -> None:
    late_by: list[int] = []
    order: list[int] = []

    def test(clock: Clock, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()
        start = time.perf_counter_ns()
        for n in (5, 1, 4, 2, 3):

            def called(now: int, n: int = n) -> None:
                late_by.append(now - (start + n * 3 * MS))
                order.append(n)
                if len(order) == 5:
                    done.set_result(None)

            clock.at(start + n * 3 * MS, called)
        return done

    run(test, loop)
    assert order == [1, 2, 3, 4, 5]
    assert min(late_by) >= 0


def test_a_callback_may_ask_for_the_next(loop: asyncio.AbstractEventLoop) -> None:
    ticks: list[int] = []

    def test(clock: Clock, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()

        def tick(now: int) -> None:
            ticks.append(now)
            if len(ticks) == 10:
                done.set_result(None)
            else:
                clock.at(now + MS // 2, tick)

        clock.at(0, tick)
        return done

    run(test, loop)
    assert all(later - sooner >= MS // 2 for sooner, later in pairwise(ticks))


def test_an_earlier_time_overtakes_what_is_armed(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []

    def test(clock: Clock, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()
        now = time.perf_counter_ns()
        clock.at(now + 3_600_000 * MS, lambda _: seen.append("an hour"))
        clock.at(now + MS, lambda _: done.set_result(None))
        return done

    run(test, loop)
    assert seen == []


def test_a_callback_that_raises_does_not_stop_the_others(loop: asyncio.AbstractEventLoop) -> None:
    problems: list[str] = []
    loop.set_exception_handler(lambda _, context: problems.append(str(context.get("exception"))))

    def test(clock: Clock, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()

        def broken(_now: int) -> None:
            raise ValueError("broken")

        clock.at(1, broken)
        clock.at(2, lambda _: done.set_result(None))
        return done

    run(test, loop)
    assert problems == ["broken"]

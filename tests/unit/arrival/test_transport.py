"""Connections that carry the kernel's time, on real sockets in both event loops."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from janbench.arrival import clock as clocks
from janbench.arrival.clock import KernelClock, kernel_stamps
from janbench.arrival.connect import connect
from janbench.arrival.listen import listen
from janbench.arrival.transport import TimedConnection
from janbench.service.life import new_loop

pytestmark = pytest.mark.skipif(not kernel_stamps(), reason="the kernel stamps no packets here")


class Seen(TimedConnection):
    """Notes what happens on a connection."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.reads: list[tuple[bytes, int, bool, int]] = []
        self.events: list[str] = []
        self.keep_open = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def received(self, data: bytes, ns: int, sure: bool) -> None:
        self.reads.append((data, ns, sure, self.transport.spread_ns()))

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.events.append("full")

    def resume_writing(self) -> None:
        self.events.append("free")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(f"lost {type(exc).__name__}")


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    made = new_loop()[0] if request.param == "uvloop" else asyncio.new_event_loop()
    yield made
    made.close()


def joined(
    loop: asyncio.AbstractEventLoop, use: Callable[[Seen, socket.socket], Any], clock: KernelClock
) -> Seen:
    """Connect to a plain socket and use both ends."""

    async def run() -> Seen:
        with socket.create_server(("127.0.0.1", 0)) as server:
            seen = await connect(Seen, server.getsockname()[:2], clock)
            other, _ = server.accept()
            with other:
                await use(seen, other)
            seen.transport.abort()
            await asyncio.sleep(0.01)
            return seen

    return loop.run_until_complete(asyncio.wait_for(run(), 20))


def test_a_busy_loop_does_not_move_an_arrival(loop: asyncio.AbstractEventLoop) -> None:
    sent = 0

    async def use(seen: Seen, other: socket.socket) -> None:
        await asyncio.sleep(0.1)  # the kernel begins to stamp a moment after the first asks

        def later() -> None:
            nonlocal sent
            time.sleep(0.02)
            sent = time.perf_counter_ns()
            other.send(b"one")

        writer = threading.Thread(target=later)
        writer.start()
        await asyncio.sleep(0)
        time.sleep(0.1)
        writer.join()
        await asyncio.sleep(0.05)

    seen = joined(loop, use, KernelClock())
    ((data, ns, sure, spread),) = seen.reads
    assert (data, sure, spread) == (b"one", True, 0)
    assert 0 <= ns - sent < 20_000_000  # it was read 80 ms later


def test_what_came_while_nobody_read_has_bounds(loop: asyncio.AbstractEventLoop) -> None:
    async def use(seen: Seen, other: socket.socket) -> None:
        await asyncio.sleep(0.1)  # the kernel begins to stamp a moment after the first asks
        other.send(b"one")
        time.sleep(0.03)
        other.send(b"two")
        await asyncio.sleep(0.05)
        other.send(b"three")
        await asyncio.sleep(0.05)

    first, last = joined(loop, use, KernelClock()).reads
    assert first[0] == b"onetwo"
    assert 25_000_000 < first[3] < 250_000_000
    assert last[0] == b"three"
    assert last[3] == 0


def test_a_clock_that_was_set_leaves_the_time_of_the_read(loop: asyncio.AbstractEventLoop) -> None:
    behind = 0

    def wall() -> int:
        return time.time_ns() - behind

    async def use(seen: Seen, other: socket.socket) -> None:
        nonlocal behind
        other.send(b"one")
        behind = 2_000_000_000
        await asyncio.sleep(0.05)

    before = time.perf_counter_ns()
    ((_, ns, sure, spread),) = joined(loop, use, KernelClock(wall)).reads
    assert not sure
    assert before < ns < time.perf_counter_ns()
    assert spread <= ns - before


def test_backpressure_and_closing(loop: asyncio.AbstractEventLoop) -> None:
    size = 8 << 20

    async def use(seen: Seen, other: socket.socket) -> None:
        seen.transport.write(b"x" * size)
        assert seen.events == ["full"]
        seen.transport.close()  # what waits is sent first
        got = await asyncio.to_thread(lambda: len(other.makefile("rb").read()))
        assert got == size
        await asyncio.sleep(0.01)

    assert joined(loop, use, KernelClock()).events == ["full", "lost NoneType"]


def test_reading_stops_and_goes_on(loop: asyncio.AbstractEventLoop) -> None:
    async def use(seen: Seen, other: socket.socket) -> None:
        seen.transport.pause_reading()
        other.send(b"one")
        await asyncio.sleep(0.05)
        assert not seen.reads
        seen.transport.resume_reading()
        await asyncio.sleep(0.05)
        assert [read[0] for read in seen.reads] == [b"one"]

    joined(loop, use, KernelClock())


def test_half_a_connection_and_a_reset(loop: asyncio.AbstractEventLoop) -> None:
    async def half(seen: Seen, other: socket.socket) -> None:
        seen.keep_open = True
        other.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.05)
        seen.transport.write(b"still here")
        assert other.recv(100) == b"still here"

    assert joined(loop, half, KernelClock()).events == ["eof", "lost NoneType"]

    async def reset(seen: Seen, other: socket.socket) -> None:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        other.close()
        await asyncio.sleep(0.05)

    assert joined(loop, reset, KernelClock()).events == ["lost ConnectionResetError"]


def test_a_reset_right_after_data_is_never_missed(loop: asyncio.AbstractEventLoop) -> None:
    async def use(seen: Seen, other: socket.socket) -> None:
        def end() -> None:
            other.send(b"data")
            other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            other.close()

        ending = threading.Thread(target=end)
        ending.start()
        await asyncio.sleep(0.01)
        ending.join()
        await asyncio.sleep(0.01)
        assert seen.events == ["lost ConnectionResetError"]

    for _ in range(50):
        joined(loop, use, KernelClock())


def test_accepted_connections_are_stamped_from_their_first_byte(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def run() -> list[Seen]:
        made: list[Seen] = []

        def make() -> Seen:
            made.append(Seen())
            return made[-1]

        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        server = await listen(make, sock, KernelClock())
        await asyncio.sleep(0.1)  # the kernel begins to stamp a moment after the first asks
        with socket.create_connection(sock.getsockname()[:2]) as client:
            client.send(b"hello")
            time.sleep(0.05)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        server.close()
        return made

    before = time.perf_counter_ns()
    (seen,) = loop.run_until_complete(run())
    ((data, ns, sure, _),) = seen.reads
    assert (data, sure) == (b"hello", True)
    assert ns - before < 140_000_000  # it was read after 150 ms
    assert seen.events == ["eof", "lost NoneType"]


def test_a_kernel_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "_SO_TIMESTAMPNS", 0x7FFF)
    assert not kernel_stamps()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not kernel_stamps()

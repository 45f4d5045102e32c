"""Paces a generation into its response: token k leaves at an absolute time, without drift."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from janbench.server.dialects.base import Dialect
from janbench.server.faults import Backend, End, Fault
from janbench.server.generation.clock import Clock
from janbench.server.generation.model import Generation
from janbench.server.generation.slots import Slots
from janbench.server.http.exchange import Exchange, Headers, Reply

_MS = 1_000_000
# Tokens that are due together leave in one write, but not without bound.
_JOIN_LIMIT = 256


@dataclass
class DeliveryContext:
    """What all deliveries share."""

    clock: Clock
    slots: Slots
    stream_limit_ns: int
    queue_header: bool
    events: int = 0  # content-bearing events written since the start


class _Delivery:
    """A generation waiting for a slot, then holding it."""

    def __init__(
        self, context: DeliveryContext, exchange: Exchange, generation: Generation, fault: Fault
    ) -> None:
        self._context = context
        self._exchange = exchange
        self._generation = generation
        self._fault = fault
        self._holds_slot = False
        self._accepted_ns = time.perf_counter_ns()
        if exchange.row is not None:
            exchange.row.prompt_tokens = generation.prompt_tokens
        exchange.on_gone = self._release
        self._deadline_ns = exchange.request.received_ns + context.stream_limit_ns

    def _granted(self) -> bool:
        if self._exchange.done:
            return False
        self._holds_slot = True
        now = time.perf_counter_ns()
        if self._exchange.row is not None:
            self._exchange.row.queue_ns = now - self._accepted_ns
        if self._context.queue_header:
            waited = (now - self._accepted_ns) / _MS
            self._exchange.headers.append(("X-Queue-Time", f"{waited:.3f}"))
        self._run(now)
        return True

    def _run(self, now: int) -> None:
        raise NotImplementedError

    def _release(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            self._context.slots.release()

    def _count_tokens(self, count: int) -> None:
        if self._exchange.row is not None:
            self._exchange.row.tokens = count


class WholeDelivery(_Delivery):
    """A response without a stream: it leaves when its last token would."""

    def __init__(
        self,
        context: DeliveryContext,
        exchange: Exchange,
        generation: Generation,
        fault: Fault,
        respond: Callable[[], Reply],
    ) -> None:
        super().__init__(context, exchange, generation, fault)
        self._respond = respond
        context.slots.acquire(self._granted)

    def _run(self, now: int) -> None:
        gaps = sum(self._generation.gap_ns() for _ in range(self._generation.tokens - 1))
        delay = self._generation.ttft_ns + gaps * self._context.slots.stretch()
        self._context.clock.at(now + round(delay), self._finish)

    def _finish(self, _now: int) -> None:
        exchange = self._exchange
        if exchange.done:
            return
        self._count_tokens(self._generation.tokens)
        reply = self._respond()
        self._release()
        if self._fault.end is End.CLEAN:
            exchange.reply(reply)
            return
        exchange.reply(reply, send_bytes=len(reply.body) // 2)
        if self._fault.end is End.RESET:
            exchange.reset()
        elif self._fault.end is End.HANG_UP:
            exchange.hang_up()
        else:
            self._context.clock.at(self._deadline_ns, self._give_up)

    def _give_up(self, _now: int) -> None:
        if not self._exchange.done:
            self._exchange.hang_up()


class StreamDelivery(_Delivery):
    """A streamed response."""

    def __init__(
        self,
        context: DeliveryContext,
        exchange: Exchange,
        generation: Generation,
        fault: Fault,
        *,
        dialect: Dialect,
        headers: Headers,
        store: Callable[[], None] | None = None,
        commit_error: bytes = b"",
    ) -> None:
        super().__init__(context, exchange, generation, fault)
        self._dialect = dialect
        self._headers = headers
        self._store = store
        self._commit_error = commit_error
        self._sent = 0
        self._due = 0.0
        self._started = False
        self._last = (
            max(1, generation.tokens // 2) if fault.cut and generation.tokens else generation.tokens
        )
        self._middle = generation.tokens // 2 if fault.malformed else -1
        self._pieces = generation.pieces
        self._limit_is_timed = False
        exchange.breaks_promise = fault.close
        if dialect.opens_at_once and not self._waits_for_slot():
            self._open()
        context.slots.acquire(self._granted)

    def _waits_for_slot(self) -> bool:
        # Only then is the time spent in the queue known when the headers leave.
        return self._context.queue_header

    def _open(self) -> None:
        self._started = True
        self._exchange.start_stream(self._headers)
        opening = self._dialect.opening()
        if opening:
            self._exchange.send(opening)

    def _run(self, now: int) -> None:
        if not self._started:
            self._open()
        if self._fault.backend is not Backend.UP:
            self._backend_fails()
            return
        self._due = float(now + self._generation.ttft_ns)
        self._schedule()

    def _backend_fails(self) -> None:
        self._release()
        if self._fault.backend is Backend.DOWN:
            self._fail(timeout=False)
            return
        self._exchange.send(self._dialect.refused())
        self._end_or_hang(self._dialect.refusal_hangs)

    def _schedule(self) -> None:
        limited = self._due > self._deadline_ns
        when = self._deadline_ns if limited else round(self._due)
        self._context.clock.at(when, self._time_out if limited else self._step)

    def _step(self, now: int) -> None:
        exchange = self._exchange
        if exchange.done:
            return
        if exchange.congested:
            self._wait_for_client()
            return
        batch: list[bytes] = [] if self._sent else self._dialect.leading()
        events, sent = 0, self._sent
        token, gap = self._dialect.token, self._generation.gap_ns
        stretch = self._context.slots.stretch()
        for kind, text in islice(self._pieces, min(_JOIN_LIMIT, self._last - sent)):
            if sent == self._middle:
                batch += self._dialect.malformed()
            pieces, count = token(kind, text)
            batch += pieces
            events += count
            sent += 1
            self._due += gap() * stretch
            if self._due > now:
                break
        self._sent = sent
        self._context.events += events
        if sent < self._last:
            exchange.send(batch, events)
            if not exchange.done:
                self._schedule()
            return
        self._count_tokens(sent)
        self._finish(batch, events)

    def _wait_for_client(self) -> None:
        self._exchange.on_drain = self._drained
        if not self._limit_is_timed:
            # A client that never reads again must not hold its slot for ever.
            self._limit_is_timed = True
            self._context.clock.at(self._deadline_ns, self._time_out)

    def _drained(self) -> None:
        self._exchange.on_drain = None
        self._step(time.perf_counter_ns())

    def _finish(self, batch: list[bytes], events: int) -> None:
        exchange, end = self._exchange, self._fault.end
        if end in (End.CLEAN, End.NO_DONE):
            rest, count = self._dialect.rest()
            self._context.events += count
            exchange.send([*batch, *rest], events + count)
            exchange.send(
                self._dialect.ending(
                    self._generation,
                    finish=self._fault.finish_reason,
                    done=end is End.CLEAN,
                )
            )
        else:
            exchange.send(batch, events)
        self._release()
        if exchange.done:
            return
        if end is End.CLEAN:
            if self._store is not None:
                self._store()
            if self._generation.finalize_ns:
                when = time.perf_counter_ns() + self._generation.finalize_ns
                self._context.clock.at(when, self._finalize)
            else:
                self._finalize(0)
        elif end is End.ERROR:
            self._fail(timeout=False)
        elif end is End.RESET:
            exchange.reset()
        elif end is End.HANG_UP:
            exchange.hang_up()
        elif end is End.SILENCE:
            self._context.clock.at(self._deadline_ns, self._time_out)
        else:
            self._end_or_hang(self._dialect.hangs)

    def _finalize(self, _now: int) -> None:
        if self._exchange.done:
            return
        if self._fault.commit_fails:
            self._exchange.send([self._commit_error])
        self._exchange.end_stream()

    def _end_or_hang(self, hangs: bool) -> None:
        if hangs:
            self._context.clock.at(self._deadline_ns, self._time_out)
        else:
            self._exchange.end_stream()

    def _time_out(self, _now: int) -> None:
        if not self._exchange.done:
            self._count_tokens(self._sent)
            self._release()
            self._fail(timeout=True)

    def _fail(self, *, timeout: bool) -> None:
        self._exchange.send(self._dialect.failure(timeout=timeout))
        self._exchange.end_stream()

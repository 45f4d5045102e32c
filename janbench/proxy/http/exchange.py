"""One request and its response: sends the request, survives a stale connection, ends once."""

from __future__ import annotations

import asyncio
import time
from time import perf_counter_ns
from typing import TYPE_CHECKING, cast

from janbench.model.results.record import Record
from janbench.proxy.http.context import JSON, STREAM
from janbench.proxy.http.http1 import own_reply
from janbench.proxy.http.parties import ClientSide
from janbench.proxy.http.pool import ConnectError
from janbench.proxy.http.reply import UpstreamResponse
from janbench.proxy.http.request_buffer import RequestBuffer
from janbench.proxy.stream import integrity, measure
from janbench.proxy.stream.dialects import Frame
from janbench.proxy.stream.reply import judge_reply, read_whole

if TYPE_CHECKING:
    from janbench.proxy.http.request import ClientRequest
    from janbench.proxy.http.upstream import UpstreamConnection
    from janbench.proxy.http.worker_context import WorkerContext

# Bytes of a request that wait for a connection before the client is told to wait.
_OUT_MOST = 64 << 10
# How long a stream may stay open after its end marker.
_GRACE_NS = 2_000_000_000
# A client that gives up after this long without a byte left a stalled stream.
_SILENCE_NS = 5_000_000_000


class ProxyExchange:
    """A request in flight; the client feeds its body in, the reply reports back."""

    def __init__(self, worker: WorkerContext, client: ClientSide, request: ClientRequest) -> None:
        self.request = request
        self.request_done = False
        self._worker = worker
        self._client = client
        self._connection: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._reply = self._new_reply()
        self._buffer = RequestBuffer(request, worker.target)
        self._written_ns = 0
        self._arrived_ns = self._sent_ns = 0
        self._written_at = 0.0
        self._client_full = False
        self._over = False

    def start(self) -> None:
        """Take a connection, now that it is this request's turn; `flush` sends."""
        self._worker.counters.requests += 1
        self._worker.live.add(self)
        connection = None if self.request.fresh else self._worker.pool.take_idle()
        if connection is not None:
            self._attach(connection)
        else:
            self._connecting = asyncio.ensure_future(self._connect())

    def feed_body(self, data: bytes) -> None:
        """Take a piece of the request's body; after the end it is read and dropped."""
        if self._over:
            return
        self._buffer.add(data)
        if self._connection is None and self._buffer.waiting > _OUT_MOST:
            self._client.pause(True)

    def end_body(self, trailers: bytes) -> None:
        """The request is complete; `trailers` are whole header lines."""
        self.request_done = True
        if not self._over:
            self._buffer.end(trailers)

    def flush(self) -> None:
        """Send what has been read of the request, if there is a connection for it."""
        if self._over or self._connection is None:
            return
        if data := self._buffer.take():
            # Before the write: on one machine it may wake the target, which then runs in our stead.
            self._written_at = time.time()
            self._written_ns = perf_counter_ns()
            self._arrived_ns = self._client.arrived_ns
            self._connection.write(data)
            self._sent_ns = perf_counter_ns()

    def client_full(self, full: bool) -> None:
        """The client takes no more, or does again: pass it on to the target."""
        self._client_full = full
        if self._connection is not None:
            self._connection.pause(full)

    def client_gone(self) -> None:
        """The client closed its connection: stop the target's work and record it."""
        if not self._over and self._left_open():
            self._conclude(None, "", clean=False, deliver=False)
            return
        now = perf_counter_ns()
        since = self._reply.now or self._written_ns or now
        waited = (now - (self._written_ns or now)) / 1e9
        silent = self._reply.status and now - since >= _SILENCE_NS
        kind = integrity.STALLED if silent else integrity.TIMEOUT
        self._abort(kind, f"the client gave up after {waited:.1f} s")

    # --- what the worker asks for

    def check_stall(self, now_ns: int, limit_ns: int) -> None:
        """End a silent stream: after its end marker well, else as stalled (limit 0: never)."""
        reply = self._reply
        silent_ns = now_ns - reply.now
        if reply.reader is None or self._client_full or not reply.status:
            return
        if silent_ns > _GRACE_NS and reply.tail and not reply.complete and self._left_open():
            self._conclude(None, "", clean=True)
        elif limit_ns and silent_ns > limit_ns:
            self._break(integrity.STALLED, f"nothing arrived for {limit_ns / 1e9:g} s")

    def check_head(self, now_ns: int) -> None:
        """Give up on a target that has begun a head and doesn't end it."""
        limit = self._worker.limits.head
        since = self._reply.head_since_ns
        if since and now_ns - since > limit * 1e9:
            message = f"{self._worker.target.url} began a response, no head in {limit:g} s"
            self._fail(504, "head_timeout", message)

    def stop(self) -> None:
        self._abort(integrity.TIMEOUT, "the proxy was stopped")

    # --- what the reply reports

    def reply_finished(self) -> None:
        self._conclude(None, "", clean=True)

    def reply_broken(self, cause: str, detail: str) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._over:
            return
        if self._reply.status:
            self._break(integrity.TRUNCATED, detail)
        elif connection is not None and self._may_retry(connection):
            self._retry()
        else:
            self._fail(502, cause, f"{self._worker.target.url}: {detail}")

    def reply_too_large(self, detail: str) -> None:
        if self._reply.status:
            self._break(integrity.TOO_LARGE, detail)
        else:
            self._fail(502, integrity.TOO_LARGE, detail)

    def upstream_full(self, full: bool) -> None:
        self._client.pause(full)

    # ---

    def _new_reply(self) -> UpstreamResponse:
        return UpstreamResponse(self, self.request, self._worker, self._client.transport)

    async def _connect(self) -> None:
        try:
            connection = await self._worker.pool.connect()
        except ConnectError as error:
            self._connecting = None
            self._fail(error.status, error.cause, error.message)
        else:
            self._attach(connection)
            self.flush()

    def _attach(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        self._connecting = None
        connection.receiver = self._reply
        self._reply.spread_ns = connection.spread_ns
        if self._buffer.waiting > _OUT_MOST:
            self._client.pause(False)

    def _may_retry(self, connection: UpstreamConnection) -> bool:
        return connection.reused and not self._reply.began and self._buffer.can_rewind()

    def _retry(self) -> None:
        """Send the request again on a new connection: the pooled one had been closed.

        A new connection isn't `reused`, so that there is one retry at most.
        """
        self._worker.counters.retries += 1
        self._reply.detach()
        self._reply = self._new_reply()
        self._buffer.rewind()
        self._connecting = asyncio.ensure_future(self._connect())

    def _fail(self, status: int, cause: str, message: str) -> None:
        """Answer in the target's place; recorded with origin `proxy`."""
        if not self._written_ns:
            self.request.note_start(self._buffer.body_start())
        keep = self.request.keep_alive and self.request_done
        head_only = self.request.method == b"HEAD"
        self._client.transport.write(
            own_reply(status, cause, message, close=not keep, head_only=head_only)
        )
        kind = integrity.TIMEOUT if status == 504 else integrity.HTTP_ERROR
        kind = cause if cause == integrity.TOO_LARGE else kind
        row = self._row(status, "proxy", integrity.Verdict(kind, f"{cause}: {message}"))
        row["stream"] = self.request.wants == STREAM
        self._finish(row, keep=keep)

    def _break(self, kind: str, detail: str) -> None:
        """End a response that the target won't complete, so that the client learns it."""
        if self._reply.tail:
            self._reply.end_ns = perf_counter_ns() if kind == integrity.STALLED else self._reply.now
            self._conclude(kind, detail, clean=False)
        else:
            self._abort(kind, detail)

    def _abort(self, kind: str, detail: str) -> None:
        if not self._over:
            self._conclude(kind, detail, clean=False, deliver=False)

    def _conclude(
        self, kind: str | None, detail: str, *, clean: bool, deliver: bool = True
    ) -> None:
        """Judge, send the end of the body (with the tail if it is due), and record."""
        reply, reader = self._reply, self._reply.reader
        found = reader.found if reader is not None else integrity.Found()
        if kind is not None:
            found.add(kind, detail)
        if refusal := self.request.refusal(reply.status, reply.location, self._worker.target):
            found.add(integrity.HTTP_ERROR, refusal)
        moments = measure.Moments(self._written_ns, reply.first_byte_ns, reply.end_ns)
        lists, tail = dict[str, list[float]](), b""
        wants = self.request.wants
        if reader is not None and wants != JSON:
            if clean and reply.cut_short():
                clean = False
                found.add(integrity.TRUNCATED, "the compressed data ends too early")
            reader.end(clean=clean, promised=self.request.promised)
            figures = measure.stream_figures(reader, moments)
            lists = reader.watch.lists()
        else:
            body = reader.whole() if reader is not None else reply.kept_body()
            frame = read_whole(body) if clean else Frame()
            if not refusal and kind is None:
                judge_reply(found, body, frame, wants, self.request.stand_in)
            figures = measure.reply_figures(frame, moments, whole=clean)
        figures.update(reply.facts)
        verdict = found.verdict()
        if reader is not None and reply.tail and deliver:
            tail = measure.tail_comment(figures, reader, lists, verdict, self._worker.tail_secret)
        if deliver and reply.writer is not None:
            reply.writer.end(reply.trailers, tail)
        elif reply.writer is not None and not self._client.gone:
            reply.writer.abandon()
        row = self._row(reply.status, "target", verdict)
        row["stream"] = wants == STREAM or (reader is not None and wants != JSON)
        row.update(figures)
        row.update(cast(Record, lists))
        keep = deliver and self.request.keep_alive
        self._finish(row, keep=keep and (self.request_done or not self.request.expects_continue))

    def _left_open(self) -> bool:
        """Say whether the stream has ended by its own words, and note that it was left open."""
        reader = self._reply.reader
        if reader is None or not reader.answer.ended(self.request.promised):
            return False
        reader.answer.left_open = True
        self._reply.end_ns = self._reply.now
        return True

    def _row(self, status: int, origin: str, verdict: integrity.Verdict) -> Record:
        row = self.request.record(status, origin, verdict)
        row["time"] = self._written_at or time.time()
        row["start_ns"] = self._written_ns or perf_counter_ns()
        if self._arrived_ns:
            row.update(measure.sending(self._arrived_ns, self._written_ns, self._sent_ns))
        row["bytes_sent"], row["bytes_received"] = self._buffer.body_bytes, self._reply.received
        return row

    def _finish(self, row: Record, *, keep: bool) -> None:
        self._over = True
        self._buffer.clear()
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        worker, connection = self._worker, self._connection
        self._connection = None
        worker.live.discard(self)
        reusable = self._reply.complete and self._reply.reusable and self.request_done
        reusable = reusable and not self.request.fresh
        self._reply.detach()
        if connection is not None:
            connection.receiver = None
            connection.pause(False)
            if reusable:
                worker.pool.give_back(connection)
            else:
                connection.close()
        self._client.exchange_over(self, keep=keep)
        worker.journal.add(row)

"""The response side of an exchange: reads what the target sends and passes it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from janbench.model.results.record import Record
from janbench.proxy.http.coding import CodingError, Inflater, TooLargeError, inflater_for
from janbench.proxy.http.http1 import response_head, without_coding
from janbench.proxy.http.parties import ReplyListener
from janbench.proxy.http.response_writer import HeldWriter, ResponseWriter, TailWriter
from janbench.proxy.message.lenient import response_parser, strict
from janbench.proxy.message.limits import MAX_HEADERS, UNREADABLE_SHARE, MessageError
from janbench.proxy.message.response_fields import HeadLines, ResponseFields, read_fields
from janbench.proxy.stream.arrivals import read_events
from janbench.proxy.stream.reader import StreamReader

if TYPE_CHECKING:
    import asyncio

    from janbench.proxy.http.http1 import Headers
    from janbench.proxy.http.request import ClientRequest
    from janbench.proxy.http.worker_context import WorkerContext

_MAX_JSON = 1 << 20
"""Bytes of a JSON reply that are kept to read its usage; longer ones go by unread."""


class UpstreamResponse:
    """Callbacks of the response parser; times are perf_counter_ns, 0 means never."""

    def __init__(
        self,
        listener: ReplyListener,
        request: ClientRequest,
        worker: WorkerContext,
        client: asyncio.Transport,
    ) -> None:
        # The parser's body callback is the list's own: a read may bring a hundred small chunks.
        self.pieces: list[bytes] = []
        self.on_body = self.pieces.append
        self.parser = response_parser(self)
        self.unread = 0
        self.raw_head: bytes | None = b""
        self.head_since_ns = 0
        self.now = 0
        self.sure = True
        self.spread_ns: Callable[[], int] = int  # of the connection, once there is one
        self.complete = False
        self.began = False  # something of a response has arrived
        self.status = 0  # of the final response, once its head was passed on
        self.first_byte_ns = 0
        self.end_ns = 0
        self.received = 0
        self.reusable = False
        self.head_waits = False
        self.until_close = False
        self.reader: StreamReader | None = None
        self.json_body = bytearray()
        self.body_kept = False  # `json_body` is all of the body
        self.facts = Record()
        self.location = ""
        self.tail = False
        self.writer: ResponseWriter | None = None
        self.trailers: Headers = []
        self._inflater: Inflater | None = None
        self._counts = 1
        self._head = HeadLines()
        self._begin_ns = 0
        self._body_pieces = 0
        self._listener: ReplyListener | None = listener
        self._request = request
        self._worker = worker
        self._client = client

    def detach(self) -> None:
        """Break the reference cycles: the exchange is over."""
        self._listener = None
        del self.parser
        if self.writer is not None:
            self.writer.release()
            self.writer = None

    # --- parser callbacks

    def on_message_begin(self) -> None:
        if self.complete:
            self.reusable = False  # more than was asked for
            return
        self.began = True
        self._begin_ns = self.head_since_ns = self.now
        self._head = HeadLines()

    def on_status(self, reason: bytes) -> None:
        self._head.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.complete:
            return
        fields = self.trailers if self.status else self._head.headers
        fields.append((name, value))
        if len(fields) > MAX_HEADERS:
            raise MessageError("it has too many headers")

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.complete or 100 <= status < 200:
            return
        self.first_byte_ns = self._begin_ns
        self.head_since_ns = self.unread = 0
        self.raw_head = None
        self.reusable = bool(self.parser.should_keep_alive())
        self._pass_head_on(status)
        if self._request.method == b"HEAD":  # the parser can't know that no body follows
            self._completed()

    def on_message_complete(self) -> None:
        if self.complete:
            return
        status = self.parser.get_status_code()
        if 100 <= status < 200 and not self.status:
            self.head_since_ns = 0
            self.raw_head = None  # read again, it would be passed on again
            self._interim(status)
        else:
            self._completed()

    # --- the connection's events

    def body(self) -> None:
        if self.complete and len(self.pieces) > self._body_pieces:
            self.reusable = False  # more than was asked for
            del self.pieces[self._body_pieces :]
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if self.writer is None or not data:
            return
        self.received += len(data)
        try:
            data = self._read(data)
        except TooLargeError:
            self._refuse_size()
            return
        if data:
            self.writer.write(data)
        if not self.complete:  # else the end is sent with it
            self.head_waits = False
            self.writer.flush()

    def read_again(self) -> bytes | None:
        if not self.raw_head or self.status:
            return None
        again, self.raw_head = strict(self.raw_head), None
        if again is not None:
            self.parser = response_parser(self)
        return again

    def send_head(self) -> None:
        self.head_waits = False
        if self.writer is not None:
            self.writer.flush()

    def finished(self) -> None:
        if self._listener is not None:
            self._listener.reply_finished()

    def garbage(self, reason: str) -> None:
        if self._listener is not None:
            self._listener.reply_broken(
                "bad_response", f"the target's answer is not HTTP: {reason}"
            )

    def upstream_lost(self, error: Exception | None) -> None:
        if self._listener is None:
            return
        if self.until_close and error is None:
            self._completed()
            self._listener.reply_finished()
        elif error is None:
            self._listener.reply_broken("closed", "the target closed the connection")
        else:
            self._listener.reply_broken("reset", "the target reset the connection")

    def upstream_full(self, full: bool) -> None:
        if self._listener is not None:
            self._listener.upstream_full(full)

    def kept_body(self) -> bytes | None:
        """Return the body that was kept; None if it is not all of it."""
        return bytes(self.json_body) if self.complete and self.body_kept else None

    def cut_short(self) -> bool:
        """Say whether the message is complete but the compressed data in it is not."""
        return self._inflater is not None and self._inflater.unfinished

    # ---

    def _read(self, data: bytes) -> bytes:
        """Look at a piece; return what the client gets for it."""
        if self.received * self._counts > self._worker.limits.response:
            raise TooLargeError
        if self._inflater is not None:
            return self._inflated(data, self._inflater)
        if self.reader is not None:
            read_events(self.reader, data, self)
        elif self.body_kept:
            self.json_body += data
            if len(self.json_body) > _MAX_JSON:
                self.body_kept = False
                self.json_body.clear()
        return data

    def _inflated(self, data: bytes, inflater: Inflater) -> bytes:
        """Read a piece of a compressed body."""
        plain = b""
        try:
            plain = inflater.feed(data)
        except CodingError as error:
            if self.reader is not None:
                self.reader.give_up(str(error))
        if plain and self.reader is not None:
            read_events(self.reader, plain, self)
        return plain if self.tail else data

    def _refuse_size(self) -> None:
        if self._listener is not None:
            most = self._worker.limits.response / (1 << 20)
            self._listener.reply_too_large(f"the response is larger than {most:g} MiB")

    def _completed(self) -> None:
        self.complete = True
        self._body_pieces = len(self.pieces)
        self.end_ns = self.now

    def _interim(self, status: int) -> None:
        if status == 101 or self._request.http10:
            return  # Upgrade was not passed on; HTTP/1.0 knows no interim responses
        head = self._head
        self._client.write(
            response_head(
                status, head.reason, head.headers, chunked=False, drop_length=False, close=False
            )
        )

    def _pass_head_on(self, status: int) -> None:
        request, head = self._request, self._head
        fields = read_fields(head.headers, self.parser.get_http_version(), status)
        self.facts, self.location = fields.facts, fields.location
        bodyless = request.method == b"HEAD" or status in (204, 304)
        if not bodyless and (fields.length or 0) > self._worker.limits.response:
            self._refuse_size()
            return
        self.until_close = not (bodyless or fields.chunked or fields.length is not None)
        if not bodyless:
            self._observe(fields)
        frames = (fields.chunked or self.until_close or self.tail) and not request.http10
        written = response_head(
            status,
            head.reason,
            head.headers
            if self._inflater is None or not self.tail
            else without_coding(head.headers),
            chunked=frames and (fields.chunked or not bodyless),
            drop_length=self.tail,
            close=not request.keep_alive,
        )
        self.status = status
        self.head_waits = True
        self.writer = self._writer_for(written, chunked=frames and not bodyless)

    def _writer_for(self, head: bytes, *, chunked: bool) -> ResponseWriter:
        context = self._request.context
        if self.reader is None or context is None:
            return ResponseWriter(self._client, head, chunked=chunked)
        if self.tail and context.tail_only:
            return TailWriter(self._client, head, chunked=chunked)
        return HeldWriter(self._client, head, self._worker.budget, chunked=chunked)

    def _observe(self, fields: ResponseFields) -> None:
        """Decide how the body is read."""
        request = self._request
        if fields.codings:
            self._inflater = inflater_for(fields.codings, self._worker.limits.response)
            if self._inflater is None:
                self._counts = UNREADABLE_SHARE
        if not fields.is_stream:
            asked = request.wants or (request.method == b"POST" and b"json" in fields.kind)
            self.body_kept = bool(asked) and not fields.codings
            return
        self.reader = StreamReader(request.stand_in)
        self._worker.counters.streams += 1
        if fields.codings and self._inflater is None:
            self.reader.leave_unread(f"not read, hence not timed: compressed ({fields.named})")
            return
        # A whole answer that calls itself an event stream is left as it is: a script parses it.
        self.tail = self._worker.tail_always or request.takes_tail

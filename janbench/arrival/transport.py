"""A TCP connection whose reads carry the kernel's time of arrival.

It behaves as asyncio's transports do (callbacks, backpressure, closing); instead of
`data_received(data)` its protocol gets `received(data, ns, sure)`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from time import perf_counter_ns
from typing import Any, Protocol

from janbench.arrival.clock import ANCILLARY_BYTES, KernelClock
from janbench.arrival.poller import poller_of

_READ_MOST = 256 << 10
_BUFFER = bytearray(_READ_MOST)  # of all connections: a read copies what it brought
_VIEW = memoryview(_BUFFER)
_BYTE = bytearray(1)
_HIGH = 64 << 10
_DATA_SEGMENTS = struct.Struct("=I")
_DATA_SEGMENTS_AT = 152  # tcpi_data_segs_in of Linux's struct tcp_info
_TIMESPEC_BYTES = 16


class TimedProtocol(Protocol):
    """Who uses a connection."""

    def connection_made(self, transport: Any) -> None:
        """Called once, with the transport."""

    def received(self, data: bytes, ns: int, sure: bool) -> None:
        """Called with what a read brought, and when its last byte arrived (perf_counter_ns).

        `sure` is False where `ns` is only when it was read: it may have come at any time since the
        read before.
        """

    def eof_received(self) -> bool | None:
        """Called when the other side sends no more; True keeps this side open."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Called once, last."""

    def pause_writing(self) -> None:
        """Called when too much waits to be sent."""

    def resume_writing(self) -> None:
        """Called when little waits to be sent again."""


class TimedConnection(asyncio.Protocol, ABC):
    """A protocol for both kinds of transport: without the kernel's word, now is when bytes came."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take what asyncio's own transports read."""
        self.received(data, perf_counter_ns(), True)

    @abstractmethod
    def received(self, data: bytes, ns: int, sure: bool) -> None:
        """Take what a read brought; see `TimedProtocol`."""


class TimedTransport:
    """One connected, non-blocking TCP socket in an event loop."""

    __slots__ = (
        "_clock", "_closing", "_fd", "_first", "_high", "_last", "_loop", "_low", "_out", "_paused",
        "_poller", "_protocol", "_reads", "_segments", "_since", "_sock", "_stamp", "_sure",
        "_write_paused",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        protocol: TimedProtocol,
        clock: KernelClock,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._poller = poller_of(loop)
        self._protocol = protocol
        self._clock = clock
        self._out = bytearray()
        self._high, self._low = _HIGH, _HIGH // 4
        self._closing = self._paused = self._write_paused = False
        # When the socket was last known to be empty, and the arrival of the read after that.
        self._since = perf_counter_ns()
        self._stamp = 0
        self._reads = self._segments = 0
        self._sure = True
        self._first = self._last = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        protocol.connection_made(self)
        if not self._closing:
            self._poller.on_readable(self._fd, self._readable)

    # --- times

    def spread_ns(self) -> int:
        """Return by how much bytes of the last read may have arrived before its time.

        A read takes all that waits, and carries the time of the last packet in it. The first one's
        time was asked for before. The kernel may have put packets together, which then have the
        last one's: where that can't be excluded, it is the time since the socket was seen empty.
        """
        width = max(0, self._stamp - self._since)
        if not self._sure:
            return width
        if self._first != self._last:
            first = self._clock.arrival(self._first, perf_counter_ns())
            if first is not None and self._since <= first < self._stamp:
                return self._stamp - first
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        except OSError:
            info = b""
        if len(info) >= _DATA_SEGMENTS_AT + 4:
            (count,) = _DATA_SEGMENTS.unpack_from(info, _DATA_SEGMENTS_AT)
            came, reads = (count - self._segments) & 0xFFFFFFFF, self._reads
            self._segments, self._reads = count, 0
            # Every read takes one packet at least: those before this one took no more than that.
            if came <= reads:
                return 0
        return width

    # --- asyncio's interface

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the socket by the name `socket`."""
        return self._sock if name == "socket" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told to pause, and to go on."""
        self._high = _HIGH if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait to be sent."""
        return len(self._out)

    def is_closing(self) -> bool:
        """Say whether the connection is closed, or will be."""
        return self._closing

    def pause_reading(self) -> None:
        """Read no further."""
        if not self._paused and not self._closing:
            self._paused = True
            self._poller.on_readable(self._fd, None)

    def resume_reading(self) -> None:
        """Read again."""
        if self._paused and not self._closing:
            self._paused = False
            self._poller.on_readable(self._fd, self._readable)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes: now as far as the kernel takes them."""
        if self._closing or not data:
            return
        if not self._out:
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
            self._poller.on_writable(self._fd, self._writable)
        self._out += data
        if len(self._out) > self._high and not self._write_paused:
            self._write_paused = True
            self._protocol.pause_writing()

    def writelines(self, parts: list[bytes | bytearray]) -> None:
        """Send several pieces in one system call."""
        self.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def close(self) -> None:
        """Send what waits, then close."""
        if self._closing:
            return
        self._closing = True
        self._poller.on_readable(self._fd, None)
        if not self._out:
            self._loop.call_soon(self._closed, None)

    def abort(self, error: Exception | None = None) -> None:
        """Close now; the protocol is told of the error."""
        self._end(error)

    # ---

    def _readable(self) -> None:
        before = perf_counter_ns()
        try:
            _, first, _, _ = self._sock.recvmsg_into([_BYTE], ANCILLARY_BYTES, socket.MSG_PEEK)
            size, ancillary, _, _ = self._sock.recvmsg_into([_BUFFER], ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if not size:
            self._ended()
            return
        now = perf_counter_ns()
        arrived = None
        if ancillary and len(stamp := ancillary[0][2]) == _TIMESPEC_BYTES:
            arrived = self._clock.arrival(stamp, now)
        sure = arrived is not None and arrived >= self._stamp
        if arrived is None or not sure:
            arrived = now
        self._sure, self._stamp = sure, arrived
        self._first = first[0][2] if first else b""
        self._last = ancillary[0][2] if ancillary else b""
        self._reads += 1
        try:
            self._protocol.received(bytes(_VIEW[:size]), arrived, sure)
        except Exception as error:  # as asyncio's transports take it
            text = {"message": "a connection's protocol failed", "exception": error}
            self._loop.call_exception_handler(text)
            self._end(error)
        if size < _READ_MOST:
            self._since = before

    def _ended(self) -> None:
        self._poller.on_readable(self._fd, None)
        self._paused = True
        if not self._protocol.eof_received():
            self.close()

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._out)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        del self._out[:sent]
        if not self._out:
            self._poller.on_writable(self._fd, None)
            if self._closing:
                self._loop.call_soon(self._closed, None)
        if self._write_paused and len(self._out) <= self._low and not self._closing:
            self._write_paused = False
            self._protocol.resume_writing()

    def _end(self, error: Exception | None) -> None:
        """Close now; the protocol learns it in the loop's next turn, as with asyncio."""
        if self._fd < 0:
            return
        if not self._closing or self._out:
            self._loop.call_soon(self._closed, error)
        self._closing = True
        if self._out:
            self._poller.on_writable(self._fd, None)
            self._out = bytearray()
        self._poller.on_readable(self._fd, None)

    def _closed(self, error: Exception | None) -> None:
        if self._fd < 0:
            return
        self._fd = -1
        with contextlib.suppress(OSError):
            self._sock.close()
        self._protocol.connection_lost(error)

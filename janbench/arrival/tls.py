"""TLS over a connection that knows when its bytes came: a record is as old as its last packet."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

from janbench.arrival.transport import TimedProtocol, TimedTransport

_READ_MOST = 256 << 10


class TlsTransport:
    """The client's side of TLS: a protocol for the connection, a transport for its user.

    `ready` is done when the handshake is; it fails with SSLError or OSError.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        host: str,
        protocol: TimedProtocol,
        ready: asyncio.Future[None],
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._protocol = protocol
        self._ready = ready
        self._raw: TimedTransport | None = None
        self._shaken = False

    # --- the connection's protocol

    def connection_made(self, transport: TimedTransport) -> None:
        self._raw = transport
        self._shake_hands()

    def received(self, data: bytes, ns: int, sure: bool) -> None:
        self._incoming.write(data)
        if not self._shaken and not self._shake_hands():
            return
        pieces, over = [], False
        try:
            while piece := self._tls.read(_READ_MOST):
                pieces.append(piece)
            over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            over = True
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._flush()
        if pieces:
            self._protocol.received(pieces[0] if len(pieces) == 1 else b"".join(pieces), ns, sure)
        if over and not self.is_closing() and not self._protocol.eof_received():
            self.close()

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received() if self._shaken else False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._shaken:
            self._protocol.connection_lost(exc)
        elif not self._ready.done():
            self._ready.set_exception(exc or ConnectionResetError("closed in the handshake"))

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    # --- the user's transport

    def spread_ns(self) -> int:
        """As of the connection below."""
        return self._raw.spread_ns() if self._raw else 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As of the connection below."""
        return self._raw.get_extra_info(name, default) if self._raw else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """As of the connection below."""
        if self._raw:
            self._raw.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Return how many encrypted bytes wait to be sent."""
        return self._raw.get_write_buffer_size() if self._raw else 0

    def is_closing(self) -> bool:
        """Say whether the connection is closed, or will be."""
        return self._raw is None or self._raw.is_closing()

    def pause_reading(self) -> None:
        """Read no further."""
        if self._raw:
            self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._raw:
            self._raw.resume_reading()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self.is_closing() or not data:
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._flush()

    def writelines(self, parts: list[bytes | bytearray]) -> None:
        """Encrypt and send several pieces."""
        self.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def close(self) -> None:
        """Say goodbye, send what waits, close."""
        if self._raw is None or self._raw.is_closing():
            return
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()  # always wants to read the other side's goodbye; nobody waits for it
        self._flush()
        self._raw.close()

    def abort(self) -> None:
        """Close now."""
        if self._raw:
            self._raw.abort()

    # ---

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:  # a CertificateError is one, too
            self._fail(error)
            return False
        self._flush()
        self._shaken = True
        self._protocol.connection_made(self)
        if not self._ready.done():
            self._ready.set_result(None)
        return True

    def _flush(self) -> None:
        if self._raw and (data := self._outgoing.read()):
            self._raw.write(data)

    def _fail(self, error: Exception) -> None:
        self._flush()  # the alert that tells the other side why
        if self._raw:
            self._raw.abort(error)
        if not self._shaken and not self._ready.done():
            self._ready.set_exception(error)

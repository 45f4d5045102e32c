"""Keep-alive connections to the target: the last one used is the first one taken again."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time

from janbench.arrival.clock import KernelClock
from janbench.arrival.connect import connect
from janbench.proxy.http.target import UpstreamTarget
from janbench.proxy.http.upstream import UpstreamConnection
from janbench.proxy.message.limits import Limits

_RESOLVE_EVERY_S = 30.0


# No more files, ports or buffers here: the load generator's own trouble, not the target's.
_OUT_OF_MEANS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)


class ConnectError(Exception):
    """The target can't be reached: an HTTP status, a cause in one word and a sentence."""

    def __init__(self, status: int, cause: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.cause = cause
        self.message = message


class Pool:
    """Connections to one target. Idle ones are unlimited: the client's concurrency bounds them."""

    def __init__(
        self,
        target: UpstreamTarget,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        idle_s: float = Limits.pooled,
        clock: KernelClock | None = None,
    ) -> None:
        self._target = target
        self._tls = tls
        self._timeout = connect_timeout
        self._idle_s = idle_s
        self._clock = clock
        self._idle: list[UpstreamConnection] = []
        self._addresses: list[str] = []
        self._resolved_at = 0.0

    def take_idle(self) -> UpstreamConnection | None:
        """Return an open idle connection, or None."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                connection.reused = True
                return connection
        return None

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose response was complete for the next request."""
        connection.receiver = None
        if connection.closed:
            connection.close()
        else:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)

    def drop_unused(self) -> None:
        """Close the connections that nobody has used for long; the oldest stand first."""
        oldest = time.monotonic() - self._idle_s
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.pop(0).close()

    async def connect(self) -> UpstreamConnection:
        """Open a new connection; raises ConnectError within the connect timeout."""
        try:
            return await asyncio.wait_for(self._connect(), self._timeout)
        except asyncio.TimeoutError:
            message = f"no connection to {self._target.url} within {self._timeout:g} s"
            raise ConnectError(504, "connect_timeout", message) from None
        except (OSError, ssl.SSLError) as error:
            self._resolved_at = 0.0
            raise self._failed(error) from None

    def close(self) -> None:
        """Drop every idle connection."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _connect(self) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        last_error: Exception = OSError("the name has no address")
        for address in await self._resolve(loop):
            try:
                connection = await self._open(loop, address)
            except (OSError, ssl.SSLError) as error:
                last_error = error
            else:
                return connection
        raise last_error

    async def _open(self, loop: asyncio.AbstractEventLoop, address: str) -> UpstreamConnection:
        place, host = (address, self._target.port), self._target.host
        if self._clock is not None:
            return await connect(UpstreamConnection, place, self._clock, self._tls, host)
        _, connection = await loop.create_connection(
            UpstreamConnection,
            *place,
            ssl=self._tls,
            server_hostname=host if self._tls else None,
        )
        return connection

    async def _resolve(self, loop: asyncio.AbstractEventLoop) -> list[str]:
        """Look the name up, at most every 30 s: a look-up for each connection costs a thread."""
        now = time.monotonic()
        if self._addresses and self._resolved_at and now - self._resolved_at < _RESOLVE_EVERY_S:
            return self._addresses
        found = await loop.getaddrinfo(
            self._target.host, self._target.port, type=socket.SOCK_STREAM
        )
        self._addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        self._resolved_at = now
        return self._addresses

    def _failed(self, error: Exception) -> ConnectError:
        url = self._target.url
        if isinstance(error, ssl.SSLError):
            return ConnectError(502, "tls", _tls_message(error, url))
        if isinstance(error, socket.gaierror):
            message = f"{self._target.host} can't be looked up: {error.strerror}"
            return ConnectError(502, "dns", message)
        if isinstance(error, OSError) and error.errno in _OUT_OF_MEANS:
            message = f"this machine can't open another connection: {error.strerror}"
            return ConnectError(502, "local", message)
        if isinstance(error, ConnectionRefusedError):
            return ConnectError(502, "connect_refused", f"{url} refuses connections")
        if isinstance(error, ConnectionError):
            cause = "tls" if self._tls else "reset"
            return ConnectError(502, cause, f"{url} closed the connection while it was opened")
        reason = error.strerror if isinstance(error, OSError) else None
        return ConnectError(502, "unreachable", f"{url} can't be reached: {reason or error}")


def _tls_message(error: ssl.SSLError, url: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {url} can't be verified: {error.verify_message}"
    return f"no TLS with {url}: {error.reason}"

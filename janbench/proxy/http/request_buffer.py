"""What of a request waits to be sent, and what was sent and may have to be sent again."""

from __future__ import annotations

from janbench.proxy.http.http1 import LAST_CHUNK, chunk
from janbench.proxy.http.request import ClientRequest
from janbench.proxy.http.target import UpstreamTarget

_REPLAY_MOST = 256 << 10
"""Bytes of a request that are kept so that a stale connection can be replaced unnoticed."""


class RequestBuffer:
    """Bytes of one request on their way to the target; `body_bytes` counts its decoded body."""

    __slots__ = ("_head_taken", "_out", "_replay", "_request", "_target", "body_bytes", "waiting")

    def __init__(self, request: ClientRequest, target: UpstreamTarget) -> None:
        self._request = request
        self._target = target
        self._head_taken = False
        self._out: list[bytes] = []
        self._replay: bytes | None = b""
        self.body_bytes = 0
        self.waiting = 0

    def add(self, data: bytes) -> None:
        """Take a piece of the body."""
        self.body_bytes += len(data)
        self.waiting += len(data)
        self._out.append(chunk(data) if self._request.chunked else data)

    def end(self, trailers: bytes) -> None:
        """The body is complete; `trailers` are whole header lines."""
        if self._request.chunked:
            self._out.append(b"0\r\n%b\r\n" % trailers if trailers else LAST_CHUNK)

    def take(self) -> bytes:
        """Return what is to be sent now, possibly nothing; the first time it starts with the head.

        The head is written as late as that because the start of the body has a say in it.
        """
        if not self._head_taken:
            self._head_taken = True
            self._out.insert(0, self._request.head_for(self._target, self.body_start()))
        data = b"".join(self._out)
        self._out.clear()
        self.waiting = 0
        if self._replay is not None:
            whole = self._replay + data
            self._replay = whole if len(whole) <= _REPLAY_MOST else None
        return data

    def body_start(self) -> bytes:
        """Return the first piece of the body as far as it waits, else nothing."""
        return self._out[0] if self._out else b""

    def can_rewind(self) -> bool:
        """Say whether everything that was sent is still here."""
        return self._replay is not None

    def rewind(self) -> None:
        """Send again what was sent."""
        if self._replay:
            self._out.insert(0, self._replay)
        self._replay = b""

    def clear(self) -> None:
        """Forget everything: the exchange is over."""
        self._out.clear()
        self._replay = None

"""Who talks to whom within an exchange, each as the other sees it."""

from __future__ import annotations

import asyncio
from typing import Protocol


class ClientSide(Protocol):
    """The client's connection, as an exchange sees it."""

    transport: asyncio.Transport
    arrived_ns: int  # when the last bytes of a request came, by the kernel; 0: not known
    gone: bool

    def exchange_over(self, exchange: object, *, keep: bool) -> None:
        """The exchange is over; `keep` says whether the connection can carry another."""

    def pause(self, paused: bool) -> None:
        """Stop or go on reading the request."""


class ReplyListener(Protocol):
    """The exchange, as its reply sees it."""

    def reply_finished(self) -> None:
        """The response is complete and the read that completed it has been handled."""

    def reply_broken(self, cause: str, detail: str) -> None:
        """The response ended before it was complete, or is not HTTP."""

    def reply_too_large(self, detail: str) -> None:
        """The response is larger than may be passed on."""

    def upstream_full(self, full: bool) -> None:
        """The connection to the target takes no more, or does again."""

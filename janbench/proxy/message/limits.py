"""How much of a message the proxy takes, and for how long: the same on both of its sides.

A target or a client beyond them is broken or hostile; what it could do without them is fill the
memory of the proxy and of k6, or hold connections that never carry anything.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_HEADERS = 1_000
"""Header or trailer lines of one message."""

MAX_HEAD = 1 << 20
"""Bytes of a head, of trailers, or of anything else between two pieces of a body."""

UNREADABLE_SHARE = 64
"""So many times counts a body in a coding that can't be undone: what it inflates to isn't known."""


class MessageError(Exception):
    """A message breaks a limit or a rule; the text says which and quotes nothing."""


@dataclass(frozen=True)
class Limits:
    """Of one proxy: bytes of a response (as k6 would hold it), times in seconds.

    `head`: from the first to the last byte of a head. `request`: the same for a whole request.
    `idle`: a client's connection with no request. `pooled`: an unused connection to the target.
    """

    response: int = 64 << 20
    head: float = 30.0
    request: float = 600.0
    idle: float = 600.0
    pooled: float = 90.0

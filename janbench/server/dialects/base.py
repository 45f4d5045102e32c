"""What a delivery asks of a stream's dialect."""

from __future__ import annotations

from typing import Protocol

from janbench.server.generation.model import Generation, Kind

Events = tuple[list[bytes], int]
"""Pieces of a body, and how many of the events in them bear content."""


class Dialect(Protocol):
    """Turns one generation into pieces of a body; each piece is one flush of the real server."""

    opens_at_once: bool
    """Whether `opening` leaves before the model is called (and before a slot is waited for)."""
    hangs: bool
    """Whether a stream whose backend ends without an end marker hangs until the stream's limit."""
    refusal_hangs: bool
    """Whether it hangs likewise after the model's server has answered 4xx."""

    def opening(self) -> list[bytes]:
        """Written as soon as the request is accepted; empty: the headers wait for `leading`."""

    def leading(self) -> list[bytes]:
        """Written together with the first token."""

    def token(self, kind: Kind, text: str) -> Events:
        """The events of one token; none while it is held back."""

    def rest(self) -> Events:
        """The events of the tokens held back at the end."""

    def ending(self, generation: Generation, *, finish: bool, done: bool) -> list[bytes]:
        """What follows the last token: finish reason, usage, end markers."""

    def refused(self) -> list[bytes]:
        """What replaces the tokens when the model's server answers 4xx."""

    def failure(self, *, timeout: bool) -> list[bytes]:
        """The error inside the stream: the model's server failed, or the limit was reached."""

    def malformed(self) -> list[bytes]:
        """A frame that can't be parsed."""

"""Pages of a list, with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from janbench.server.store import Conversation, Item

T = TypeVar("T", Conversation, Item)

DEFAULT_LIMIT = 20


class BadPageError(ValueError):
    """A limit, order or cursor that can't be used."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page; `total` counts the whole list."""

    rows: list[T]
    has_more: bool
    total: int

    @property
    def first_id(self) -> str | None:
        """The id of the first row."""
        return self.rows[0].id if self.rows else None

    @property
    def last_id(self) -> str | None:
        """The id of the last row."""
        return self.rows[-1].id if self.rows else None


def page_of(rows: Sequence[T], *, limit: int, order: str, after: str) -> Page[T]:
    """The page that follows the row `after`; `rows` are oldest first. Raises BadPageError."""
    if order not in ("asc", "desc"):
        raise BadPageError(f"order {order!r}")
    ordered = list(rows) if order == "asc" else list(reversed(rows))
    start = 0
    if after:
        position = next((n for n, row in enumerate(ordered) if row.id == after), None)
        if position is None:
            raise BadPageError(f"cursor {after!r}")
        start = position + 1
    chosen = ordered[start : start + limit]
    return Page(chosen, start + limit < len(ordered), len(ordered))


def read_limit(text: str | None) -> int:
    """A limit of 1 or more, 20 when absent; raises BadPageError."""
    if not text:
        return DEFAULT_LIMIT
    if not text.isdecimal() or int(text) < 1:
        raise BadPageError(f"limit {text!r}")
    return int(text)

"""Conversations, their items, workspaces and stored responses, in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

# The real server keeps everything; a long load test must not fill this process's memory.
ROW_LIMIT = 100_000
ITEM_LIMIT = 10_000


@dataclass
class Item:
    """One message of a conversation; `content` is in the flavour's own format."""

    id: str
    type: str
    role: str | None
    content: list[dict[str, Any]]
    created_at: float = field(default_factory=time.time)
    status: str | None = "completed"


@dataclass
class Conversation:
    """A conversation and its items, oldest first."""

    id: str
    owner: str
    title: str = ""
    metadata: dict[str, str] | None = None
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    items: list[Item] = field(default_factory=list)
    workspace: str | None = None
    referrer: str | None = None
    row: int = 0

    def add(self, item: Item) -> None:
        """Append an item; beyond 10,000 the oldest is dropped."""
        self.items.append(item)
        self.updated_at = time.time()
        if len(self.items) > ITEM_LIMIT:
            del self.items[0]

    def item(self, item_id: str) -> Item | None:
        """The item with this id."""
        return next((item for item in self.items if item.id == item_id), None)


@dataclass
class Workspace:
    """A named group of conversations (`jan-v1-main`)."""

    id: str
    owner: str
    name: str
    instruction: str | None = None
    created_at: float = field(default_factory=time.time)


@dataclass
class StoredResponse:
    """A response of the Responses API as it can be read back."""

    id: str
    owner: str
    body: dict[str, Any]
    input_items: list[dict[str, Any]]
    conversation_id: str | None = None
    conversation_row: int = 0


RowT = TypeVar("RowT", Conversation, Workspace, StoredResponse)


class Table(Generic[RowT]):
    """Rows by id and by owner; another user's rows look absent; the oldest make room."""

    def __init__(self, limit: int = ROW_LIMIT) -> None:
        self._rows: dict[str, RowT] = {}
        self._owned: dict[str, dict[str, RowT]] = {}
        self._limit = limit
        self.added = 0

    def add(self, row: RowT) -> RowT:
        """Store a row."""
        self.added += 1
        self._rows[row.id] = row
        self._owned.setdefault(row.owner, {})[row.id] = row
        if len(self._rows) > self._limit:
            self.remove(next(iter(self._rows.values())))
        return row

    def get(self, row_id: str, owner: str) -> RowT | None:
        """The owner's row with this id."""
        return self._owned.get(owner, {}).get(row_id)

    def remove(self, row: RowT) -> None:
        """Make a row unreachable."""
        self._rows.pop(row.id, None)
        owned = self._owned.get(row.owner, {})
        owned.pop(row.id, None)
        if not owned:
            self._owned.pop(row.owner, None)

    def of(self, owner: str) -> list[RowT]:
        """The owner's rows, oldest first."""
        return list(self._owned.get(owner, {}).values())

    def __iter__(self) -> Iterator[RowT]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


class Store:
    """All tables of the server."""

    def __init__(self) -> None:
        self.conversations: Table[Conversation] = Table()
        self.workspaces: Table[Workspace] = Table()
        self.responses: Table[StoredResponse] = Table()

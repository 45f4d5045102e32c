"""Pages and their cursors."""

from __future__ import annotations

import pytest

from janbench.server.flavours.paging import BadPageError, page_of, read_limit
from janbench.server.store import Item, Table, Workspace

ROWS = [Item(name, "message", "user", []) for name in "abcde"]


@pytest.mark.parametrize(
    ("limit", "order", "after", "ids", "more"),
    [
        (2, "asc", "", "ab", True),
        (2, "asc", "b", "cd", True),
        (2, "asc", "d", "e", False),
        (2, "desc", "", "ed", True),
        (2, "desc", "d", "cb", True),
        (9, "asc", "", "abcde", False),
        (5, "asc", "", "abcde", False),
        (5, "asc", "e", "", False),
    ],
)
def test_page(limit: int, order: str, after: str, ids: str, more: bool) -> None:
    page = page_of(ROWS, limit=limit, order=order, after=after)
    assert "".join(row.id for row in page.rows) == ids
    assert page.has_more is more
    assert page.total == 5
    assert (page.first_id, page.last_id) == ((ids[0], ids[-1]) if ids else (None, None))


@pytest.mark.parametrize(("order", "after"), [("up", ""), ("asc", "zz")])
def test_an_order_or_cursor_that_is_unknown(order: str, after: str) -> None:
    with pytest.raises(BadPageError):
        page_of(ROWS, limit=2, order=order, after=after)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5"])
def test_a_limit_that_is_none(text: str) -> None:
    with pytest.raises(BadPageError):
        read_limit(text)


def test_a_limit_has_no_upper_bound_and_defaults_to_20() -> None:
    assert (read_limit("100000"), read_limit(None), read_limit("")) == (100_000, 20, 20)


def test_a_table_shows_each_owner_only_its_rows_and_drops_the_oldest() -> None:
    table: Table[Workspace] = Table(limit=3)
    for number in range(4):
        table.add(Workspace(f"ws{number}", "ann" if number % 2 else "bob", "w"))
    assert table.get("ws0", "bob") is None  # made room
    assert table.get("ws1", "bob") is None  # ann's
    assert [row.id for row in table.of("ann")] == ["ws1", "ws3"]
    table.remove(table.of("bob")[0])
    assert table.of("bob") == []
    assert len(table) == 2

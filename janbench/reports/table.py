"""Markdown tables, aligned so that they can be read as plain text too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 1
) -> Iterator[str]:
    """Give the lines of a table; columns from `numbers_from` on are aligned to the right.

    Cells are taken as they are: what came from elsewhere has been escaped.
    """
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    widths = [max(width, 3) for width in widths]
    yield _row(head, widths, numbers_from)
    yield _row(
        ["-" * (width - 1) + (":" if i >= numbers_from else "-") for i, width in enumerate(widths)],
        widths,
        numbers_from,
    )
    for row in rows:
        yield _row(row, widths, numbers_from)


def _row(cells: Sequence[str], widths: Sequence[int], numbers_from: int) -> str:
    padded = (
        cell.rjust(width) if i >= numbers_from else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"

"""Markdown tables, aligned so that they can be read as plain text too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: Sequence[int] = (0,)
) -> Iterator[str]:
    """Return the lines of a table; columns other than `text_columns` are aligned right.

    Cells are taken as they are: what came from elsewhere has been escaped.
    """
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    widths = [max(width, 3) for width in widths]
    yield _row(head, widths, text_columns)
    yield _row(
        [
            "-" * (width - 1) + (":" if i not in text_columns else "-")
            for i, width in enumerate(widths)
        ],
        widths,
        text_columns,
    )
    for row in rows:
        yield _row(row, widths, text_columns)


def _row(cells: Sequence[str], widths: Sequence[int], text_columns: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if i not in text_columns else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"

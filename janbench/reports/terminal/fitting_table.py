"""A terminal's table that leaves out columns, the least needed first, rather than cut figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

_GAP = 2
_FIRST_AT_LEAST = 12


@dataclass
class FittingTable:
    """Rows under a head; the first column is text and may be cut, the others never are.

    `expendable`: names of columns that may be left out, the first of them first.
    """

    head: Sequence[str]
    expendable: Sequence[str] = ()
    dim: Sequence[str] = ()
    rows: list[list[Text]] = field(default_factory=list)

    def add(self, *cells: str | Text) -> None:
        """Add a row."""
        self.rows.append([Text(cell) if isinstance(cell, str) else cell for cell in cells])

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        shown = self._shown(options.max_width)
        first = options.max_width - sum(self._width(i) + _GAP for i in shown[1:])
        table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
        for i in shown:
            dim = "dim" if self.head[i] in self.dim else ""
            if i == 0:
                width = max(_FIRST_AT_LEAST, first)
                table.add_column(self.head[0], no_wrap=True, max_width=width, overflow="ellipsis")
            else:
                table.add_column(self.head[i], justify="right", no_wrap=True, style=dim)
        for row in self.rows:
            table.add_row(*(row[i] for i in shown))
        yield table

    def _shown(self, width: int) -> list[int]:
        shown = list(range(len(self.head)))
        for name in self.expendable:
            needed = min(self._width(0), 24) + sum(self._width(i) + _GAP for i in shown[1:])
            if needed <= width:
                break
            shown.remove(self.head.index(name))
        return shown

    def _width(self, column: int) -> int:
        cells = [row[column].cell_len for row in self.rows]
        return max([len(self.head[column]), *cells])

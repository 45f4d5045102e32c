from __future__ import annotations

import io

import pytest
from rich.console import Console

from janbench.reports.compare_rows import conclusion, row_of
from janbench.reports.compare_terminal import print_comparison
from tests.unit.reports.golden_cases import comparison


def shown(width: int) -> str:
    out = io.StringIO()
    print_comparison(comparison(), Console(file=out, width=width, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_every_figure_is_on_one_line_of_the_screen(width: int) -> None:
    lines = shown(width).splitlines()
    assert max(len(line) for line in lines) <= width
    for effect in comparison().scenarios[0].effects:
        line = next(line for line in lines if line.startswith(effect.name))
        assert effect.verdict in line
        assert row_of(effect).change in line
        assert row_of(effect).interval in line


def test_conclusion_names_what_decided() -> None:
    assert conclusion(comparison()) == "HEAD is worse than BASE: Time to first token p50."
    assert "Time to first token p50" in shown(80).splitlines()[-1]


def test_markup_in_names_is_text() -> None:
    found = comparison()
    scenario = found.scenarios[0].model_copy(update={"name": "[red]x[/red]"})
    out = io.StringIO()
    print_comparison(
        found.model_copy(update={"scenarios": [scenario]}), Console(file=out, width=80)
    )
    assert "[red]x[/red]" in out.getvalue()

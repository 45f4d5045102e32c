"""The page about the embedded server tells everything that it can do."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from janbench.cli.serve import serve
from janbench.server.faults import FAULTS, Fault
from janbench.server.options import FLAVOURS
from janbench.server.truth import TruthRow

PAGE = (Path(__file__).parents[3] / "docs" / "embedded-server.md").read_text(encoding="utf-8")
OPTIONS = [parameter.opts[0] for parameter in serve.params if isinstance(parameter, click.Option)]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_documented(option: str) -> None:
    assert re.search(rf"{option}(?![\w-])", PAGE)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_every_fault_is_documented_with_its_summary(fault: Fault) -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"`{fault.name}` | "))
    assert line.replace("`", "").startswith(f"{fault.name} | {fault.summary}")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_is_documented(flavour: str) -> None:
    assert f"`{flavour}` | " in PAGE


def test_every_field_of_the_truth_is_documented() -> None:
    row = TruthRow(0, "GET", "/", "", "", 0, 0.0, {}).to_json()
    assert [field for field in row if f"`{field}`" not in PAGE] == []

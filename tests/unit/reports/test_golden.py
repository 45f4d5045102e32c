"""The Markdown and JUnit reports, to the letter."""

from __future__ import annotations

import pytest

from tests.unit.reports.golden_cases import CASES, FOLDER


@pytest.mark.parametrize("name", CASES)
def test_report_is_as_kept(name: str) -> None:
    assert CASES[name]() == (FOLDER / name).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(CASES)

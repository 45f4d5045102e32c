"""What the docs say of records, reports and figures is so."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from janbench.cli.report import FORMATS
from janbench.config.flavours import load_flavours
from janbench.dialects import dialects
from janbench.model.results.record import COLUMNS
from janbench.reports.glossary import glossary
from janbench.results.compare.options import DEFAULT_GATES, DEFAULT_MARGINS
from tests.factories import records, write_records

DOCS = Path(__file__).parents[3] / "docs"


def test_every_column_is_explained() -> None:
    text = (DOCS / "analysis.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\w*) ?\| (.+) \|$", text, re.MULTILINE)
    assert rows == [tuple(column) for column in COLUMNS]


def test_every_class_and_note_is_explained() -> None:
    text = (DOCS / "streams.md").read_text(encoding="utf-8")
    for table in (dialects().classes, dialects().notes):
        rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in table.items())
        assert f"|---|---|\n{rows}" in text


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_queries_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    text = (DOCS / "analysis.md").read_text(encoding="utf-8")
    queries = re.findall(r'duckdb -c "(.+?)"', text, re.DOTALL)
    queries += re.findall(r"```sql\n(.+?)```", text, re.DOTALL)
    assert len(queries) == 3
    for run in ("latest", "20261124T100000Z-a1b2c3"):
        write_records(records(90), tmp_path / "results" / run / "scenario")
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as connection:
        assert connection.execute(queries[place]).fetchall()


def test_every_format_is_in_the_docs() -> None:
    text = (DOCS / "reports.md").read_text(encoding="utf-8")
    assert all(f"`{form}`" in text or f"--format {form}" in text for form in FORMATS)


def test_every_flavour_is_described() -> None:
    text = (DOCS / "flavours.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([\w.-]+)` \|.* (\d+ s|not known) \|$", text, re.MULTILINE)
    limits = {name: one.stream_limit_s for name, one in load_flavours().items()}
    assert dict(listed) == {n: f"{s:g} s" if s else "not known" for n, s in limits.items()}


def test_margins_and_gates_are_as_the_docs_say() -> None:
    text = (DOCS / "comparison.md").read_text(encoding="utf-8")
    found = {}
    for names, margins, gates in re.findall(
        r"^\| (`.+?`) \| ([\d%, a-z]+) \| (yes|no) \|", text, re.MULTILINE
    ):
        figures = re.findall(r"`([\w.]+)`", names)
        sizes = [int(size) / 100 for size in re.findall(r"\d+", margins)]
        for i, figure in enumerate(figures):
            found[figure] = (sizes[min(i, len(sizes) - 1)], gates == "yes")
    assert found == {
        figure: (margin, figure in DEFAULT_GATES) for figure, margin in DEFAULT_MARGINS.items()
    }


def test_the_report_explains_its_words() -> None:
    words = dict(glossary())
    assert "iterations that begin each second" in words["arrival rate"]
    assert {"lane", "iteration", "virtual user, VU", "flavour", "goodput"} <= words.keys()
    assert not any("](" in meaning or "`" in meaning for meaning in words.values())

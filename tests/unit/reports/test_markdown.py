from __future__ import annotations

import re

import pytest

from janbench.reports.markdown import escape, markdown
from janbench.reports.table import markdown_table
from tests.factories import failed_scenario, run_result


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text 1.5", "plain text 1.5"),
        ("<script>", "&lt;script&gt;"),
        ("a | b\nc", "a \\| b c"),
        ("@octocat", "&#64;octocat"),
        ("[x](http://evil)", "\\[x\\]\\(http://evil\\)"),
        ("`code` *b* _i_ ![i]", "\\`code\\` \\*b\\* \\_i\\_ \\!\\[i\\]"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_what_a_server_says_stays_text() -> None:
    text = markdown(run_result(failed_scenario(text=" <img src=x> | @all\n\n# x"), verdict="fail"))
    assert "<img" not in text
    assert "@all" not in text
    assert not re.search(r"^# x", text, re.MULTILINE)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5, 7)


def test_table_is_aligned() -> None:
    lines = list(markdown_table(["A", "Number"], [["x", "1"], ["longer", "22"]]))
    assert lines == [
        "| A      | Number |",
        "| ------ | -----: |",
        "| x      |      1 |",
        "| longer |     22 |",
    ]

"""A figure that isn't there has the reason that is true of this run."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench.model.job import Outcome
from janbench.model.results.case_info import CaseInfo, StepInfo
from janbench.results.assemble import CaseOutput, assemble
from janbench.results.k6.summary import K6Summary
from janbench.results.records.reader import Records
from tests.factories import records, write_records

UNREAD = "the stream's coding br isn't read: no times"
STEP = StepInfo("chat_stream", "", "chat", "chat", "stream", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"detail": UNREAD}, UNREAD),
        ({"detail": "broke off", "integrity": "truncated"}, "no stream ended well"),
    ],
    ids=["timed", "in a coding", "broken"],
)
def test_why_streams_have_no_times(
    changes: dict[str, str], reason: str | None, tmp_path: Path
) -> None:
    rows = [row for row in records(30) if row["stream"]]
    for row in rows:
        row.update(changes)  # type: ignore[typeddict-item]
        if changes:
            del row["ttft_ms"], row["gaps_ms"], row["tpot_ms"], row["finalize_ms"]
    opened = Records(write_records(rows, tmp_path))
    try:
        info = CaseInfo("s", "load", "proxy", steps=(STEP,))
        evidence = CaseOutput(info, Outcome(0, 60), "", K6Summary(), records=opened)
        assert assemble(evidence).unmeasured.get("ttft_ms") == reason
    finally:
        opened.close()

"""Files through a log: all of it, or the knowledge that something is missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janbench.engines.kubernetes.shipment import ShipmentReceiver, ShipmentSender
from janbench.model.job import Progress

RUNTIME_LINE = 16 * 1024  # what container runtimes cut lines at


def _ship(folder: Path, records: bytes) -> list[str]:
    folder.mkdir(exist_ok=True)
    lines: list[str] = []
    sender = ShipmentSender(folder, lines.append)
    for start in range(0, len(records), 20_000):
        with (folder / "records-0.jsonl").open("ab") as file:
            file.write(records[start : start + 20_000])
        sender.grown()
        sender.progress(Progress(start / 20_000, vus=3), 1_795_000_000.5, paused=False)
    (folder / "samples.csv.gz").write_bytes(gzip.compress(records[:50_000]))
    (folder / "summary.json").write_text('{"metrics": {}}')
    sender.finish(1_795_000_060.0)
    return lines


def _received(folder: Path, lines: list[str]) -> ShipmentReceiver:
    folder.mkdir(exist_ok=True)
    receiver = ShipmentReceiver(folder)
    for line in lines:
        receiver.take(line)
    return receiver


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=60_000), st.lists(st.integers(0, 30), max_size=3))
def test_what_arrives_is_what_was_sent_however_often_it_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: bytes, again: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("ship")
    lines = _ship(folder / "pod", records)
    assert all(len(line) < RUNTIME_LINE for line in lines)
    heard = ["timing proxy: a line of something else"]
    for end in again:  # the log is read from its beginning, and breaks off
        heard += lines[:end]
    receiver = _received(folder / "home", [*heard, *lines])
    assert receiver.complete
    assert (receiver.began, receiver.ended) == (1_795_000_000.5 if records else None, 1_795_000_060)
    sent = {path.name: path.read_bytes() for path in (folder / "pod").iterdir()}
    got = {path.name: path.read_bytes() for path in (folder / "home").iterdir()}
    assert got == {name: content for name, content in sent.items() if content}
    if records:
        assert receiver.progress == Progress((len(records) - 1) // 20_000, vus=3)


@pytest.mark.parametrize("missing", range(6))
def test_a_line_that_is_missing_is_noticed_and_spoils_no_other(
    missing: int, tmp_path: Path
) -> None:
    rows = [json.dumps({"row": number, "filler": "x" * 50}) for number in range(700)]
    lines = _ship(tmp_path / "pod", "".join(f"{row}\n" for row in rows).encode())
    pieces = [line for line in lines if '"file":"records-0.jsonl"' in line]
    kept = [line for line in lines if line != pieces[missing]]
    receiver = _received(tmp_path / "home", kept)
    assert not receiver.complete
    got = (tmp_path / "home" / "records-0.jsonl").read_text().split("\n")
    assert sum(row in rows for row in got) > 400
    assert receiver.ended is not None


def test_a_shipment_that_breaks_off_is_not_complete(tmp_path: Path) -> None:
    lines = _ship(tmp_path / "pod", b"row\n" * 1000)
    assert not _received(tmp_path / "home", lines[:-1]).complete


def test_a_sender_that_begins_anew_adds_nothing_twice(tmp_path: Path) -> None:
    first = _ship(tmp_path / "pod", b"row\n" * 3000)[:3]
    with (tmp_path / "pod" / "records-0.jsonl").open("ab") as file:
        file.write(b"more\n" * 100)
    second: list[str] = []
    ShipmentSender(tmp_path / "pod", second.append).finish(None)
    assert _received(tmp_path / "home", first + second).complete
    sent = (tmp_path / "pod" / "records-0.jsonl").read_bytes()
    assert (tmp_path / "home" / "records-0.jsonl").read_bytes() == sent


@pytest.mark.parametrize("name", ["script.js", "../records-0.jsonl", "records-../x.jsonl", "/a"])
def test_a_pod_cannot_write_anything_else(name: str, tmp_path: Path) -> None:
    (line,) = (
        line for line in _ship(tmp_path / "pod", b"row\n") if '"file":"records-0.jsonl"' in line
    )
    _received(tmp_path / "home", [line.replace("records-0.jsonl", name)])
    assert list((tmp_path / "home").iterdir()) == []
    assert not (tmp_path / "records-0.jsonl").exists()


@pytest.mark.parametrize(
    "line",
    [
        "janbench {",
        'janbench {"file": 1}',
        'janbench {"end": []}',
        'janbench {"file":"stats.json","at":0,"data":"AAAA"}',
    ],
)
def test_nonsense_is_passed_over(line: str, tmp_path: Path) -> None:
    receiver = _received(tmp_path, [line])
    assert not receiver.complete
    assert list(tmp_path.iterdir()) == []

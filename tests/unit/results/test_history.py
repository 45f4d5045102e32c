from __future__ import annotations

import os
from pathlib import Path

import pytest

from janbench.errors import ConfigError
from janbench.results.run_store import find_run, list_runs, prune, read_run
from tests.factories import run_result, write_run

IDS = ("20261101T000000Z-aaaaaa", "20261102T000000Z-bbbbbb", "20261103T000000Z-cccccc")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for run_id in IDS:
        write_run(tmp_path, run_result(run_id=run_id))
    (tmp_path / "latest").symlink_to(IDS[-1], target_is_directory=True)
    (tmp_path / "notes").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "place"), [(IDS[0], 0), ("20261102", 1), ("latest", 2), ("20261103T", 2)]
)
def test_a_reference_finds_its_run(root: Path, reference: str, place: int) -> None:
    assert find_run(reference, root) == root / IDS[place] / "result.json"


def test_a_folder_or_a_file_will_do(root: Path, tmp_path: Path) -> None:
    folder = root / IDS[1]
    assert find_run(str(folder), Path("nowhere")) == folder / "result.json"
    saved = folder / "baseline.json"
    saved.write_text((folder / "result.json").read_text())
    assert find_run(str(saved), Path("nowhere")) == saved
    assert read_run(saved).run_id == IDS[1]


@pytest.mark.parametrize(
    ("reference", "message"),
    [("2026", "beginning of 3 runs"), ("1999", "no run '1999'"), ("notes", "no run 'notes'")],
)
def test_what_a_reference_lacks_is_said(root: Path, reference: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_run(reference, root)


def test_no_run_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run yet"):
        find_run("latest", tmp_path / "results")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "isn't a result"), ("{}", "run_id: Field required"), ("\xff\xfe", "isn't a result")],
)
def test_a_file_that_is_no_result(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_run(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(ConfigError, match="can't be read"):
        read_run(path)


def test_newest_first_and_a_damaged_run_is_listed(root: Path) -> None:
    (root / IDS[1] / "result.json").write_text("{")
    listed = list_runs(root)
    assert [stored.folder.name for stored in listed] == list(reversed(IDS))
    assert [stored.run is None for stored in listed] == [False, True, False]
    assert "isn't a result" in listed[1].problem


def test_prune_keeps_the_newest(root: Path) -> None:
    assert [path.name for path in prune(root, 1)] == [IDS[1], IDS[0]]
    assert sorted(path.name for path in root.iterdir()) == [IDS[2], "latest", "notes"]


def test_prune_leaves_what_it_does_not_own(root: Path, tmp_path: Path) -> None:
    renamed = root / "20261100-my-baseline"
    (root / IDS[0]).rename(renamed)
    (root / IDS[1] / ".reserve").touch()
    assert prune(root, 0) == [root / IDS[2]]
    assert renamed.is_dir()
    # A run that was cut off long ago isn't under way any more.
    os.utime(root / IDS[1] / ".reserve", (0, 0))
    assert prune(root, 0) == [root / IDS[1]]

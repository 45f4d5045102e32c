"""A run's folder, where links and open files are another matter: on Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench.results import run_folder
from janbench.results.run_folder import RunFolder
from tests.factories import run_result

REPLACE = Path.replace


def refused(*_: object, **__: object) -> Path:
    raise PermissionError(13, "Access is denied")


def finished(results: Path) -> RunFolder:
    folder = RunFolder.create(results)
    folder.finish(run_result())
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_latest_is_the_newest_though_links_to_folders_can_not_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(path: Path, target: Path) -> Path:
        return refused() if path.is_symlink() and target.is_symlink() else REPLACE(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    first, second = finished(tmp_path), finished(tmp_path)
    assert (tmp_path / "latest").resolve() == second.path
    assert names(tmp_path) == {"latest", first.run_id, second.run_id}


def test_a_folder_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    folder = finished(tmp_path)
    assert names(tmp_path) == {"latest", folder.run_id}
    assert not (tmp_path / "latest").is_symlink()


def test_who_may_not_make_links_goes_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "symlink_to", refused)
    folder = finished(tmp_path)
    assert names(tmp_path) == {folder.run_id}
    assert (folder.path / "result.json").is_file()


def test_a_result_that_is_open_is_replaced_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [True]

    def replace(path: Path, target: Path) -> Path:
        return refused() if held else REPLACE(path, target)

    folder = RunFolder.create(tmp_path)
    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr("time.sleep", lambda seconds: held.clear())
    assert folder.write(run_result()).is_file()
    held.append(True)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(run_folder, "_TRIES", 3)
    with pytest.raises(PermissionError):
        folder.write(run_result())

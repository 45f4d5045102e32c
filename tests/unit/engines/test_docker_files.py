"""Archives from a container are unpacked without trust."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janbench.engines.docker.files import output_folder, packed, unpack
from janbench.errors import EngineError


def archive(**files: bytes | str | None) -> bytes:
    """Make a tar: bytes are a file, a text is a symlink to it, None is a device."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            else:
                member.type = tarfile.SYMTYPE if content else tarfile.CHRTYPE
                member.linkname = content or ""
                tar.addfile(member)
    return buffer.getvalue()


def test_files_are_written_and_the_summary_goes_where_it_is_wanted(tmp_path: Path) -> None:
    data = archive(**{"out/summary.json": b"{}", "out/sub/a.txt": b"a"})
    wanted = tmp_path / "elsewhere" / "s.json"
    written = unpack([data], tmp_path, {"summary.json": wanted})
    assert wanted.read_bytes() == b"{}"
    assert (tmp_path / "sub" / "a.txt").read_bytes() == b"a"
    assert written == [wanted, tmp_path / "sub" / "a.txt"]


@pytest.mark.parametrize("name", ["out/../../evil", "../evil", "/etc/evil", "evil"])
def test_names_that_lead_elsewhere_are_left_out(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    unpack([archive(**{name: b"x"})], inner, {})
    outside = [p for p in tmp_path.rglob("*") if p != inner and inner not in p.parents]
    assert outside == []
    assert not Path("/etc/evil").exists()


def test_links_and_devices_are_left_out_and_nothing_is_written_through_them(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "door").symlink_to(tmp_path / "away")
    data = archive(**{"out/link": "/etc/passwd", "out/device": None, "out/door/x": b"x"})
    assert unpack([data], inner, {}) == []
    assert list((tmp_path / "away").iterdir()) == []


def test_existing_files_stay(tmp_path: Path) -> None:
    (tmp_path / "script.js").write_text("mine")
    assert unpack([archive(**{"out/script.js": b"theirs"})], tmp_path, {}) == []
    assert (tmp_path / "script.js").read_text() == "mine"


def test_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match="can't keep the results"):
        unpack([archive(**{"out/file/x": b"x"})], tmp_path, {})


@given(content=st.binary(max_size=3000), sizes=st.lists(st.integers(1, 700), min_size=1))
def test_chunks_may_be_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, sizes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    data, chunks, at, turn = archive(**{"out/f": content}), [], 0, 0
    while at < len(data):
        step = sizes[turn % len(sizes)]
        chunks.append(data[at : at + step])
        at, turn = at + step, turn + 1
    assert unpack(chunks, folder, {}) == [folder / "f"]
    assert (folder / "f").read_bytes() == content


def test_packed_folder_holds_every_file_readable_by_all(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir(mode=0o700)
    (tmp_path / "lib" / "a.js").write_text("a")
    (tmp_path / "lib" / "a.js").chmod(0o600)
    with tarfile.open(fileobj=io.BytesIO(packed(tmp_path))) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes == {
        "janbench/job": 0o755,
        "janbench/job/lib": 0o755,
        "janbench/job/lib/a.js": 0o644,
    }
    with tarfile.open(fileobj=io.BytesIO(output_folder())) as tar:
        assert [(m.name, m.mode) for m in tar] == [("janbench/out", 0o777)]

"""What the image leaves out of its Python environment, and that the rest still loads."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.delivery.workflow_files import ROOT

STAYS = (
    "numpy/__init__.py", "numpy/licenses/LICENSE.txt", "bokeh/server/static/js/bokeh.min.js",
    "bokeh/models/tests.py", "x-1.dist-info/METADATA",
)  # fmt: skip
GOES = (
    "numpy/tests/test_a.py", "numpy/_core/include/numpy/a.h", "numpy/a.pyi", "numpy/lib.a",
    "numpy/__pycache__/a.pyc", "bokeh/server/static/js/bokeh.js", "bokeh/server/static/x.d.ts",
    "bokeh/server/static/js/lib/index.js",
)  # fmt: skip


@pytest.fixture(scope="module")
def slim() -> Any:
    found = importlib.util.spec_from_file_location("slim", ROOT / "image" / "slim.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_what_goes_and_what_stays(slim: Any, tmp_path: Path) -> None:
    for name in (*STAYS, *GOES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    slim.slim(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(STAYS)


@pytest.mark.skipif(sys.platform != "linux", reason="ELF is what Linux loads")
def test_a_shortened_library_still_loads(slim: Any, tmp_path: Path) -> None:
    import uvloop

    source = Path(uvloop.__file__).parent
    copy = tmp_path / "uvloop"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (library,) = copy.glob("loop*.so")
    before = library.stat().st_size
    saved = slim.cut_symbols(library)
    assert saved > 1e6
    assert library.stat().st_size == before - saved
    assert slim.cut_symbols(library) == 0
    program = "import uvloop; l = uvloop.new_event_loop(); print(uvloop.__file__); l.close()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(copy / "__init__.py")


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01", b"MZ" * 99])
def test_other_files_stay_as_they_are(slim: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(content)
    assert slim.cut_symbols(path) == 0
    assert path.read_bytes() == content


def test_nothing_that_is_uninstalled_is_asked_for(slim: Any) -> None:
    """What is never imported must not be imported, nor be a requirement of janbench's own."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in slim.NEVER_IMPORTED:
        assert f'"{name}>' not in project
        module = {"pillow": "PIL"}.get(name, name)
        pattern = re.compile(rf"^\s*(?:import|from) {module}\b", re.MULTILINE)
        for path in (ROOT / "janbench").rglob("*.py"):
            assert not pattern.search(path.read_text(encoding="utf-8")), path

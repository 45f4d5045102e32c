"""Compiled templates are kept beside their source, where that can be written to."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from janbench.template_cache import compiled_templates


def _rendered(folder: Path) -> str:
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(
        loader=loader, bytecode_cache=compiled_templates(folder), autoescape=True
    )
    return environment.get_template("page.j2").render(name="x")


def test_a_changed_template_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.j2").write_text("one {{ name }}", encoding="utf-8")
    assert _rendered(tmp_path) == "one x"
    assert len(list((tmp_path / "__pycache__").iterdir())) == 1
    assert _rendered(tmp_path) == "one x"
    (tmp_path / "page.j2").write_text("two {{ name }}", encoding="utf-8")
    assert _rendered(tmp_path) == "two x"


def test_a_folder_that_takes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.j2").write_text("one {{ name }}", encoding="utf-8")
    (tmp_path / "__pycache__").write_text("in the way", encoding="utf-8")
    assert _rendered(tmp_path) == "one x"


def test_python_that_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "page.j2").write_text("one {{ name }}", encoding="utf-8")
    assert _rendered(tmp_path) == "one x"
    assert not (tmp_path / "__pycache__").exists()

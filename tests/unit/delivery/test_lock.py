"""The locked versions: all that is needed, each with hashes, and no other place to get it from."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.delivery.workflow_files import ROOT

LOCKS = ROOT / "requirements"
LISTS = {
    "dev.txt": ("dependencies", "k6", "dev"),
    "run.txt": ("dependencies",),
    "build.txt": ("requires",),
}
_ENTRY = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ;[^\\\n]*)? \\\n((?:    --hash=sha256:\S+.*\n)+)", re.M
)


def _needed(lock: str) -> list[Requirement]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = LISTS[lock]
    lists = re.findall(rf"^(?:{'|'.join(names)}) = (\[.*?\])$", text, re.M | re.S)
    assert len(lists) == len(names)
    return [Requirement(found) for part in lists for found in re.findall(r'"([^"]+)"', part)]


def _locked(lock: str) -> dict[str, list[str]]:
    text = (LOCKS / lock).read_text(encoding="utf-8")
    entries = _ENTRY.findall(text)
    assert len(entries) == len(re.findall(r"^[A-Za-z]", text, re.M))
    versions: dict[str, list[str]] = {}
    for name, version, _ in entries:
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


@pytest.mark.parametrize("lock", LISTS)
def test_everything_is_locked_with_hashes(lock: str) -> None:
    versions = _locked(lock)
    for needed in _needed(lock):
        found = versions.get(canonicalize_name(needed.name), [])
        assert found, f"{needed.name} isn't locked: see CONTRIBUTING.md"
        assert all(needed.specifier.contains(version, prereleases=True) for version in found)


def test_the_image_gets_what_the_tests_ran_with() -> None:
    tested = _locked("dev.txt")
    assert {name: tested.get(name) for name in _locked("run.txt")} == _locked("run.txt")
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*?)(?:&&|\n[A-Z#])", dockerfile, re.S)
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)


@pytest.mark.parametrize("lock", LISTS)
def test_no_address_is_in_the_lock(lock: str) -> None:
    text = (LOCKS / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links", text)

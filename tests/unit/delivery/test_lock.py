"""The locked versions: all that is needed, each with hashes, and no other place to get it from."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.delivery.workflow_files import ROOT

LOCK = ROOT / "requirements" / "dev.txt"
_ENTRY = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ;[^\\\n]*)? \\\n((?:    --hash=sha256:\S+.*\n)+)", re.M
)


def _needed() -> list[Requirement]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|k6|dev) = (\[.*?\])$", text, re.M | re.S)
    assert len(lists) == 3
    return [Requirement(found) for part in lists for found in re.findall(r'"([^"]+)"', part)]


def test_everything_is_locked_with_hashes() -> None:
    text = LOCK.read_text(encoding="utf-8")
    entries = _ENTRY.findall(text)
    assert len(entries) == len(re.findall(r"^[A-Za-z]", text, re.M))
    versions: dict[str, list[str]] = {}
    for name, version, _ in entries:
        versions.setdefault(canonicalize_name(name), []).append(version)
    for needed in _needed():
        found = versions.get(canonicalize_name(needed.name), [])
        assert found, f"{needed.name} isn't locked: see CONTRIBUTING.md"
        assert all(needed.specifier.contains(version, prereleases=True) for version in found)


def test_no_address_is_in_the_lock() -> None:
    assert not re.search(r"://|--index|--find-links", LOCK.read_text(encoding="utf-8"))

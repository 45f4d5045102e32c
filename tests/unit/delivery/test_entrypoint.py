"""What the arguments of the container become."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from janbench.cli.main import VERBS
from tests.unit.delivery.workflow_files import ROOT


@pytest.fixture(scope="module")
def translate() -> Callable[..., list[str]]:
    specification = importlib.util.spec_from_file_location(
        "entrypoint", ROOT / "image" / "entrypoint.py"
    )
    assert specification is not None and specification.loader is not None
    module: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found: Callable[..., list[str]] = module.translate
    return found


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ([], ["run", "--all"]),
        (["run-all"], ["run", "--all"]),
        (["run-all", "--single"], ["run", "--all", "--single"]),
        (["run", "a"], ["run", "a"]),
        (["run", "a.js", "--single"], ["run", "a", "--single"]),
        (["run", "--all"], ["run", "--all"]),
        (["a"], ["run", "a"]),
        (["src/a.js", "b.js"], ["run", "a", "b"]),
        (["a", "--scenarios", "my.js"], ["run", "a", "--scenarios", "my.js"]),
        (["--list"], ["list"]),
        (["list"], ["list"]),
        (["--demo"], ["run", "--all", "--demo"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["serve", "--port", "1"], ["serve", "--port", "1"]),
    ],
)
def test_arguments(
    translate: Callable[..., list[str]], given: list[str], becomes: list[str]
) -> None:
    assert translate(given, VERBS) == becomes


def test_every_verb_is_kept(translate: Callable[..., list[str]]) -> None:
    for verb in set(VERBS) - {"run"}:
        assert translate([verb, "x.js"], VERBS) == [verb, "x.js"]

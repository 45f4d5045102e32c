"""The layout: imports point one way, and certain doors are the only ones."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "janbench"
# A layer may import those before it; parts of one layer don't import each other.
LAYERS: list[set[str]] = [
    {"errors"},
    {"model"},
    {"dialects", "files", "template_cache", "process", "resources", "remote_write", "service"},
    {"arrival"},
    {"config", "render", "preflight", "engines", "results", "reports", "proxy", "server"},
    {"pipeline"},
    {"cli"},
]
LEAVES = {"proxy", "server"}


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _part(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def _own_part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "janbench":
                found |= {f"janbench.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
    return found


def _rank(part: str) -> int:
    return next(rank for rank, parts in enumerate(LAYERS) if part in parts)


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = _own_part(path)
    if own in ("__init__", "__main__"):
        return
    allowed = set().union(*LAYERS[: _rank(own)]) | {own, "__version__"}
    if own in LEAVES:
        allowed -= {"process", "resources", "remote_write"}
    for module in _imports(path):
        if module.split(".")[0] == "janbench":
            assert _part(module) in allowed | {""}, f"{path.name} imports {module}"


def _importers(module: str) -> set[str]:
    return {
        str(path.relative_to(PACKAGE))
        for path in _modules()
        if any(name.split(".")[0] == module for name in _imports(path))
    }


def test_one_module_starts_processes() -> None:
    assert _importers("subprocess") == {"process.py"}


def test_only_engines_import_docker() -> None:
    assert all(name.startswith("engines/docker") for name in _importers("docker"))


def test_only_engines_import_kubernetes() -> None:
    assert all(name.startswith("engines/kubernetes") for name in _importers("kubernetes"))


def test_one_module_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(PACKAGE))
        for path in _modules()
        if any(text in path.read_text() for text in ("os.environ", "os.getenv", "load_dotenv"))
    }
    assert readers == {"config/environment.py"}


def test_only_reports_and_cli_print() -> None:
    for path in _modules():
        if _own_part(path) in ("reports", "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    assert _lines(path) <= 300


def test_most_modules_are_a_page() -> None:
    assert statistics.median(map(_lines, _modules())) <= 100


def test_folders_stay_small() -> None:
    folders = Counter(path.parent for path in _modules() if path.name != "__init__.py")
    assert {folder: number for folder, number in folders.items() if number > 15} == {}


def test_no_circles() -> None:
    """Imports for type checkers alone count: a reader follows them all the same."""
    named = {_dotted(path): path for path in _modules()}
    edges = {name: _modules_imported(path, named) - {name} for name, path in named.items()}
    while leaves := {name for name, imported in edges.items() if not imported & edges.keys()}:
        for name in leaves:
            del edges[name]
    assert edges == {}


def test_tests_of_real_parts_stand_alone() -> None:
    """Integration tests share what lies in `tests/`, not what belongs to a unit test."""
    for path in (ROOT / "tests" / "integration").rglob("*.py"):
        assert not any(name.startswith("tests.unit") for name in _imports(path)), path


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _modules_imported(path: Path, named: dict[str, Path]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in named else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & named.keys()


def test_no_jinja_in_the_library() -> None:
    for path in (ROOT / "templates" / "lib").rglob("*.js"):
        code = re.sub(r"(?s)/\*.*?\*/", "", path.read_text())  # types in comments have {{braces}}
        assert "{{" not in code and "{%" not in code, path

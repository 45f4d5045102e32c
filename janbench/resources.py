"""Where the files that belong to janbench are: in a checkout, or in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_PACKAGED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent


def _resource(name: str) -> Path:
    packaged = _PACKAGED / name
    return packaged if packaged.exists() else _CHECKOUT / name


def templates() -> Path:
    """Return the folder of the Jinja templates and of `lib/`."""
    return _resource("templates")


def builtin_scenarios() -> Path:
    """Return the `scenarios.yaml` that comes with janbench."""
    return _resource("scenarios.yaml")


def glossary() -> Path:
    """Return the page that defines the words of the reports."""
    return _resource("docs/glossary.md")


def flavours() -> Path:
    """Return the file that describes the kinds of servers."""
    return _PACKAGE / "config" / "flavours.yaml"

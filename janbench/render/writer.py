"""Rendered scripts on disk: never over a file that a person wrote."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from janbench.errors import ConfigError
from janbench.model.script import HEADER, Script


def write_scripts(scripts: Iterable[Script], folder: Path) -> list[Path]:
    """Write scripts with their libraries and data; gives the main files.

    Raises ConfigError when a main file is there and wasn't rendered by janbench, or when the folder
    can't be written to.
    """
    written = []
    for script in scripts:
        main = folder / script.main
        if main.exists() and not is_rendered(main):
            raise ConfigError(
                "this file was not rendered by janbench, so it is left alone",
                where=str(main),
                hint="Rename it or the scenario, or render to another folder with -o DIR.",
            )
        try:
            for name, text in script.files.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                write_file(target, text, script.modes.get(name))
        except OSError as error:
            raise ConfigError(
                f"can't write the script: {error.strerror}", where=str(error.filename or folder)
            ) from None
        written.append(main)
    return written


def write_file(target: Path, text: str, mode: int | None = None) -> None:
    """Write a file; with `mode` nobody else can read it at any moment."""
    if mode is not None:
        target.touch(mode=mode)
        target.chmod(mode)
    target.write_text(text, encoding="utf-8", newline="\n")


def differing(scripts: Iterable[Script], folder: Path) -> list[Path]:
    """Return the files that are missing or differ from what would be rendered."""
    wanted = {folder / name: text for script in scripts for name, text in script.files.items()}
    return sorted(path for path, text in wanted.items() if _read(path) != text)


def is_rendered(path: Path) -> bool:
    """Whether a script begins with janbench's header, and has the name that it was given there.

    A copy with another name is a person's: that is how a rendered script is changed by hand.
    """
    first = (_read(path) or "").split("\n", 1)[0].rstrip()
    return first.startswith(HEADER) and first.endswith(f"(scenario {path.stem}).")


def hand_written(folder: Path) -> list[Path]:
    """Return the k6 scripts of a folder that a person wrote, sorted by name."""
    return [path for path in sorted(folder.glob("*.js")) if not is_rendered(path)]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None

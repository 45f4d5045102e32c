"""`--set KEY=VALUE`: any key of the scenario file, from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from janbench.config.yaml_source import Document, Path_, parse_yaml
from janbench.errors import ConfigError, Location, suggestion


def apply_overrides(document: Document, overrides: Sequence[str]) -> None:
    """Set keys such as `scenarios.NAME.load.rate=5`; a step goes by its number or its id.

    Values are YAML. Raises ConfigError for a path that leads nowhere.
    """
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path.strip():
            raise ConfigError(
                f"--set takes KEY=VALUE, not {override!r}",
                hint="For example: --set scenarios.NAME.load.rate=5",
            )
        value = parse_yaml(text, f"--set {path}").data if text else ""
        _set(document, path.strip(), value)


def _set(document: Document, path: str, value: Any) -> None:
    place = Location(f"--set {path}")
    container: Any = document.data
    at: Path_ = ()
    left = path
    while True:
        key, left = _next(container, left, place)
        at = (*at, key)
        if not left:
            break
        if isinstance(container, dict) and not isinstance(container.get(str(key)), dict | list):
            container[str(key)] = {}
        elif isinstance(container, dict):
            # Aliases share their data: what is set here must not be set elsewhere, too.
            inner = container[str(key)]
            container[str(key)] = dict(inner) if isinstance(inner, dict) else list(inner)
        elif isinstance(container[key], dict):
            container[key] = dict(container[key])
        container = container[key]
        if not isinstance(container, dict | list):
            raise ConfigError(f"{'.'.join(map(str, at))} holds no keys", where=place)
    container[key] = value
    for table in (document.values, document.keys):
        for inside in [p for p in table if p[: len(at)] == at]:
            del table[inside]
        table[at] = place


def _next(container: Any, left: str, place: Location) -> tuple[Any, str]:
    """Take the next key off a dotted path: the longest that is there, since names hold dots."""
    if isinstance(container, list):
        token, _, rest = left.partition(".")
        return _index(container, token, place), rest
    known = [key for key in container if left == key or left.startswith(f"{key}.")]
    if known:
        key = max(known, key=len)
        return key, left[len(key) + 1 :]
    token, _, rest = left.partition(".")
    if not token:
        raise ConfigError("a key is empty", where=place)
    return token, rest


def _index(steps: list[Any], token: str, place: Location) -> int:
    if token.isdigit() and int(token) < len(steps):
        return int(token)
    names = [entry.get("id") or entry.get("kind") if isinstance(entry, dict) else None
             for entry in steps]  # fmt: skip
    if token in names:
        return names.index(token)
    known = [str(name) for name in names if name]
    raise ConfigError(
        f"there is no entry {token!r}",
        where=place,
        hint=suggestion(token, known) if known else "",
    )

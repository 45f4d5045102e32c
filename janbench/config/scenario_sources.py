"""The files that scenarios come from, as one document: `include`, `scenarios.d/`, `extends`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from janbench.config.untrusted import Untrusted
from janbench.config.yaml_source import Document, Path_, read_yaml
from janbench.errors import ConfigError, Location, suggestion

_FOLDER = "scenarios.d"
# A scenario's own, whatever it extends.
_NOT_INHERITED = ("name", "test_case", "extends")


def gather(path: Path, untrusted: Untrusted | None = None) -> Document:
    """Read a scenario file and all that it includes; raises ConfigError at the place of a mistake.

    An included file's `target` holds for its own scenarios; the first file's for all that have
    none. Names are unique over all files. With `untrusted`, all lie in the first one's folder.
    """
    main = read_yaml(path)
    whole = Document(main.file, main.data, dict(main.values), dict(main.keys))
    if not isinstance(main.data, dict):
        return whole
    data: dict[str, Any] = {**main.data}
    data.setdefault("scenarios", {} if _included(path, main) else None)
    if data["scenarios"] is None and "scenarios" not in main.data:
        del data["scenarios"]
    if isinstance(data.get("scenarios"), dict):
        data["scenarios"] = dict(data["scenarios"])
        whole = Document(main.file, data, whole.values, whole.keys)
        for file, where in _included(path, main):
            _take_in(whole, file, where, {path.resolve()}, untrusted)
    return whole


def _included(path: Path, document: Document) -> list[tuple[Path, Location]]:
    """Return the files that a document asks for, and those that lie in `scenarios.d` beside it."""
    asked = document.data.get("include") or ()
    found = []
    if isinstance(asked, list):
        for index, name in enumerate(asked):
            if isinstance(name, str):
                found.append((path.parent / name, document.locate(("include", index))))
    return found + [
        (file, document.locate(()))
        for pattern in ("*.yaml", "*.yml")
        for file in sorted((path.parent / _FOLDER).glob(pattern))
        if path.parent.name != _FOLDER
    ]


def _take_in(
    whole: Document, file: Path, where: Location, above: set[Path], untrusted: Untrusted | None
) -> None:
    if untrusted is not None:
        untrusted.check_file(file, Path(whole.file).parent, where)
    if file.resolve() in above:
        raise ConfigError(f"{file.name} includes itself", where=where)
    if not file.is_file():
        raise ConfigError(
            f"there is no file {file}",
            where=where,
            hint="'include' names files relative to the one that it stands in.",
        )
    document = read_yaml(file)
    if not isinstance(document.data, dict) or not isinstance(document.data.get("scenarios"), dict):
        raise ConfigError("a scenario file needs the key 'scenarios'", where=document.locate(()))
    wrong = sorted(set(document.data) - {"include", "target", "scenarios"})
    if wrong:
        raise ConfigError(
            f"unknown key {wrong[0]!r}",
            where=document.locate((wrong[0],), key=True),
            hint=suggestion(wrong[0], ("include", "target", "scenarios")),
        )
    target = document.data.get("target")
    for name, scenario in document.data["scenarios"].items():
        at: Path_ = ("scenarios", name)
        if name in whole.data["scenarios"]:
            raise ConfigError(
                f"the name {name!r} occurs twice",
                where=document.locate(at, key=True),
                hint=f"It is first given at {whole.locate(at, key=True)}: rename or remove one.",
            )
        _graft(whole, at, document, at)
        if isinstance(target, dict) and isinstance(scenario, dict):
            _graft(whole, (*at, "target"), document, ("target",), keep=True)
            own = scenario.get("target", {})
            inherited = {**target, **own} if isinstance(own, dict) else own
            whole.data["scenarios"][name] = {**scenario, "target": inherited}
        else:
            whole.data["scenarios"][name] = scenario
    for inner, place in _included(file, document):
        _take_in(whole, inner, place, above | {file.resolve()}, untrusted)


def resolve_extends(document: Document) -> None:
    """Return each scenario the keys that it inherits, with their places.

    Mappings are merged, anything else is replaced; so is a load whose shape the scenario names
    itself. Raises ConfigError for an unknown parent, or for a scenario that extends itself.
    """
    scenarios = document.data["scenarios"]
    done: set[str] = set()

    def resolve(name: str, below: tuple[str, ...]) -> None:
        scenario = scenarios[name]
        if name in done or not isinstance(scenario, dict) or "extends" not in scenario:
            done.add(name)
            return
        where = document.locate(("scenarios", name, "extends"))
        parent = scenario["extends"]
        if not isinstance(parent, str) or parent not in scenarios:
            raise ConfigError(
                f"there is no scenario {parent!r} to extend",
                where=where,
                hint=suggestion(str(parent), scenarios),
            )
        if parent in (*below, name):
            raise ConfigError(f"{name!r} extends itself, through {parent!r}", where=where)
        resolve(parent, (*below, name))
        inherited = scenarios[parent]
        if isinstance(inherited, dict):
            taken = {key: value for key, value in inherited.items() if key not in _NOT_INHERITED}
            for key in taken:
                at: Path_ = ("scenarios", name, key)
                _graft(document, at, document, ("scenarios", parent, key), keep=True)
            scenarios[name] = _merged(taken, scenario)
        done.add(name)

    for name in list(scenarios):
        resolve(name, ())


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        replaces = key == "load" and isinstance(value, dict) and bool({"shape", "lanes"} & {*value})
        mergeable = isinstance(old, dict) and isinstance(value, dict) and not replaces
        merged[key] = _merged(old, value) if mergeable and isinstance(old, dict) else value
    return merged


def _graft(to: Document, at: Path_, source: Document, origin: Path_, *, keep: bool = False) -> None:
    """Copy the places of a subtree; `keep`: those that are there already stay."""
    for here, there in ((to.values, source.values), (to.keys, source.keys)):
        length = len(origin)
        copied = {
            (*at, *path[length:]): place for path, place in there.items() if path[:length] == origin
        }
        here.update({p: place for p, place in copied.items() if not (keep and p in here)})

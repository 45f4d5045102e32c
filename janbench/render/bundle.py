"""A script's library in one module: k6 keeps each module of each virtual user apart.

Measured with k6 1.1: an empty module costs a virtual user 9 kB, a name imported from another
0.8 kB, a function of a module 0.85 kB, and one inside of another function 0.2 kB.
"""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import dirname, join, normpath

from janbench.model.script import Script

FILE = "lib/janbench.js"
_IMPORT = re.compile(r"^import\s+(\{[^}]*\}|\w+)\s+from\s+'([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|const|class) (\w+))", re.MULTILINE)


def bundled(script: Script) -> Script:
    """Return the script with the part of the library that it uses as one module.

    The script itself stays as it is but for its imports. The modules stay readable: each is a
    function that returns what it exports, in an order in which each finds those that it needs.
    """
    order: list[str] = []
    for _, source in _IMPORT.findall(script.files[script.main]):
        if source.startswith("./lib/"):
            _visit(normpath(source), script.files, order)
    external: dict[str, None] = {}
    parts = [_wrapped(name, script.files[name], external) for name in order]
    exports: list[str] = []
    main = _IMPORT.sub(lambda found: _taken(found, exports), script.files[script.main])
    text = "\n".join(["// The library of this script, in one module.\n", *external, "", *parts])
    text += "\n" + "\n".join(exports) + "\n"
    others = {n: t for n, t in script.files.items() if not n.startswith("lib/")}
    return replace(script, files={**others, script.main: main, FILE: text})


def _visit(name: str, files: dict[str, str], order: list[str]) -> None:
    if name in order:
        return
    for _, source in _IMPORT.findall(files[name]):
        if source.startswith("."):
            _visit(normpath(join(dirname(name), source)), files, order)
    order.append(name)


def _wrapped(name: str, text: str, external: dict[str, None]) -> str:
    """Return a module as a function of its own, called at once."""

    def inner(found: re.Match[str]) -> str:
        names, source = found[1], found[2]
        if source.startswith("."):
            needed = _variable(normpath(join(dirname(name), source)))
            return f"const {names.replace(' as ', ': ')} = {needed};\n"
        external.update(dict.fromkeys(_outside(names, source)))
        return ""

    exported = [found[1] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(inner, text)).rstrip()
    names = ", ".join(exported)
    return f"const {_variable(name)} = (() => {{\n{body}\n\nreturn {{ {names} }};\n}})();\n"


def _outside(names: str, source: str) -> list[str]:
    """Return imports from k6, one for each name, so that none is imported twice."""
    if not names.startswith("{"):
        return [f"import {names} from '{source}';"]
    given = [name.strip() for name in names.strip("{} \n").split(",") if name.strip()]
    return [f"import {{ {name} }} from '{source}';" for name in given]


def _taken(found: re.Match[str], exports: list[str]) -> str:
    """Return an import of the script from the one module; what it takes is exported there."""
    names, source = found[1], found[2]
    if not source.startswith("./lib/"):
        return found[0]
    exports.append(f"export const {names.replace(' as ', ': ')} = {_variable(normpath(source))};")
    return f"import {names} from './{FILE}';\n"


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name.removeprefix("lib/"))

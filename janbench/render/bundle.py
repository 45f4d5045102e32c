"""A script as a run executes it: its library in one module, made only where it is needed.

k6 gives each virtual user a copy of every module, made when the user is, whether or not the user
ever runs. Measured with k6 1.1: a function costs a user about half a kB, the whole library 350 kB.
So a run's script makes its metrics and shares its data at first, as k6 wants it, and all else at a
user's first iteration; what a healthy, timed request doesn't need is made when something else
happens.
"""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import dirname, join, normpath

from janbench.model.script import Script

FILE = "lib/janbench.js"
# Metrics can be made nowhere but at the beginning.
_AT_ONCE = frozenset({"lib/phase.js", "lib/metrics.js", "lib/schedule.js"})
# What plans the load, reads streams word by word, masks and explains: each made when it is called.
# They export functions and nothing else to modules that aren't such.
_ON_DEMAND = frozenset(
    f"lib/{name}.js"
    for name in ("load", "rates", "judged", "observations", "dialect_table", "stream", "dialects",
                 "content", "sse", "tools", "usage", "errors", "jsonschema", "mask",
                 "secrets", "redirect", "flavour", "conditions", "draw")
)  # fmt: skip
_IMPORT = re.compile(r"^import\s+(\{[^}]*\}|\w+)\s+from\s+'([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:function|const|class) (\w+))", re.MULTILINE)
_FUNCTION = re.compile(r"^export function (\w+)|^export const (\w+) = \(", re.MULTILINE)
_LAZILY = """/** Makes something when it is first asked for, once for each virtual user. */
export const lazily = (make) => {
  let made;
  return () => {
    if (made === undefined) made = make();
    return made;
  };
};
"""
_FLAVOURS = re.compile(r'^const flavours = new SharedArray\("flavour", (.*?^\])\);\n', re.M | re.S)
_METRICS = re.compile(r"^const metrics = scenarioMetrics\(.*?\]\);\n", re.M | re.S)
_OPTIONS = re.compile(r"^export const options = (\{\n.*?^\});\n", re.M | re.S)
_LANE = re.compile(r"^export function (\w+)\(\)", re.MULTILINE)


def bundled(script: Script) -> Script:
    """Return the script with the part of the library that it uses as one module."""
    main = script.files[script.main]
    order: list[str] = []
    for _, source in _IMPORT.findall(main):
        if source.startswith("./lib/"):
            _visit(normpath(source), script.files, order)
    others = {name: text for name, text in script.files.items() if not name.startswith("lib/")}
    files = {**others, script.main: _main(main), FILE: _library(order, script.files, main)}
    return replace(script, files=files)


def _visit(name: str, files: dict[str, str], order: list[str]) -> None:
    if name in order:
        return
    for _, source in _IMPORT.findall(files[name]):
        if source.startswith("."):
            _visit(normpath(join(dirname(name), source)), files, order)
    order.append(name)


def _main(text: str) -> str:
    """Return the script: its data and metrics first, all else in a function."""
    head, _, rest = text.partition("\nconst settings = ")
    rest = f"const settings = {rest}"
    shared, _, body = rest.partition("\nconst steps = ")
    setting, _, data = shared.partition("\n\n")
    body = f"const steps = {body}"
    flavours, metrics, lanes = _FLAVOURS.search(body), _METRICS.search(body), _LANE.findall(body)
    assert flavours is not None
    assert metrics is not None
    body = _FLAVOURS.sub("", _METRICS.sub("", body))
    body = _OPTIONS.sub(r"const options = () => (\1);\n", body)
    body = _LANE.sub(r"function \1()", body)
    taken_names = [name for names, _ in _of_library(head) for name in names]
    eager = [name for name in taken_names if name in _EAGER_NAMES]
    names = [n for n in taken_names if n not in _EAGER_NAMES and n != "chooseFlavour"]
    head = "\n".join(
        line
        for line in _IMPORT.sub(lambda m: m[0] if "/lib/" not in m[2] else "", head).split("\n")
    ).rstrip()
    taken = ", ".join(["lazily", "library", *eager])
    returned = ", ".join(["options", *lanes])
    calls = "\n".join(f"export function {lane}() {{ script().{lane}(); }}" for lane in lanes)
    return f"""{head}
import {{ {taken} }} from './{FILE}';

{data.strip()}

{metrics[0].strip()}
const flavours = new SharedArray("flavour", () => {{
  const {{ chooseFlavour, readSettings }} = library();
  {setting}
  return {flavours[1].removeprefix("() => ")};
}});

// Made at a virtual user's first iteration: most of what follows is never needed before.
const script = lazily(() => {{
const {{ {", ".join(names)} }} = library();

{setting}

{body.rstrip()}

return {{ {returned} }};
}});

// k6 reads options once, and not from its virtual users.
export const options = __VU > 0 ? {{}} : script().options();
{calls}
"""


_EAGER_NAMES = frozenset({"scenarioMetrics", "awaitTurn"})


def _of_library(head: str) -> list[tuple[list[str], str]]:
    """Return what a script takes from the library: the names, and the module of each."""
    return [
        ([name.strip() for name in names.strip("{} \n").split(",") if name.strip()], source)
        for names, source in _IMPORT.findall(head)
        if source.startswith("./lib/")
    ]


def _library(order: list[str], files: dict[str, str], main: str) -> str:
    external: dict[str, None] = {}
    parts = {name: _wrapped(name, files, external) for name in order}
    at_once = [parts[name] for name in order if name in _AT_ONCE]
    later = [parts[name] for name in order if name not in _AT_ONCE]
    offered, eager = [], []
    for names, source in _of_library(main):
        module = normpath(source)
        for name in names:
            if module in _AT_ONCE:
                eager.append(f"export const {{ {name} }} = {_variable(module)};")
            elif module in _ON_DEMAND:
                offered.append(_thunk(name, name, module))
            else:
                offered.append(f"const {{ {name} }} = {_variable(module)};")
    returned = ", ".join(
        name
        for listed, source in _of_library(main)
        for name in listed
        if normpath(source) not in _AT_ONCE
    )
    return "\n".join(
        [
            "// The library of this script, in one module.\n",
            *external,
            "",
            _LAZILY,
            *at_once,
            *eager,
            "",
            "export const library = lazily(() => {",
            *later,
            *offered,
            f"return {{ {returned} }};",
            "});",
            "",
        ]
    )


def _wrapped(name: str, files: dict[str, str], external: dict[str, None]) -> str:
    """Return a module as a function of its own: called at once, or when it is first needed."""
    text = files[name]

    def inner(found: re.Match[str]) -> str:
        names, source = found[1], found[2]
        if not source.startswith("."):
            external.update(dict.fromkeys(_outside(names, source)))
            return ""
        needed = normpath(join(dirname(name), source))
        if needed not in _ON_DEMAND:
            return f"const {names.replace(' as ', ': ')} = {_variable(needed)};\n"
        if name in _ON_DEMAND:
            return f"const {names.replace(' as ', ': ')} = {_variable(needed)}();\n"
        return "".join(f"{_thunk(*_renamed(one), needed)}\n" for one in _listed(names))

    exported = [found[1] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(inner, text)).rstrip()
    returned = f"{body}\n\nreturn {{ {', '.join(exported)} }};\n"
    if name in _ON_DEMAND:
        return f"const {_variable(name)} = lazily(() => {{\n{returned}}});\n"
    return f"const {_variable(name)} = (() => {{\n{returned}}})();\n"


def _thunk(theirs: str, ours: str, module: str) -> str:
    """Return a function that calls the one of a module that is made on demand."""
    return f"const {ours} = (...given) => {_variable(module)}().{theirs}(...given);"


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.strip("{} \n").split(",") if name.strip()]


def _renamed(name: str) -> tuple[str, str]:
    theirs, _, ours = name.partition(" as ")
    return theirs, ours or theirs


def _outside(names: str, source: str) -> list[str]:
    """Return imports from k6, one for each name, so that none is imported twice."""
    if not names.startswith("{"):
        return [f"import {names} from '{source}';"]
    return [f"import {{ {name} }} from '{source}';" for name in _listed(names)]


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name.removeprefix("lib/"))

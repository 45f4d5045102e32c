"""YAML as data that remembers where each value stood, so that an error can point at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from janbench.errors import ConfigError, Location

Path_ = tuple[str | int, ...]
_MOST_NODES = 200_000  # a page of nested aliases ("billion laughs") unfolds to more than that


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data, and the place of each key and value by its path."""

    file: str
    data: Any
    values: dict[Path_, Location]
    keys: dict[Path_, Location]

    def locate(self, path: Path_, *, key: bool = False) -> Location:
        """Return the place of a path, else that of its nearest parent."""
        table = self.keys if key else self.values
        for length in range(len(path), -1, -1):
            found = table.get(path[:length]) or self.values.get(path[:length])
            if found is not None:
                return found
        return Location(self.file, 1, 1)


def read_yaml(path: Path) -> Document:
    """Read a file; raises ConfigError (file, line, column) when it can't be read or parsed."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no file {path}", hint="Name another with --scenarios."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text (byte {error.start})", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", where=str(path)) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> Document:
    """Parse text; raises ConfigError for bad syntax, a key that occurs twice, or an odd value."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        reader = _Reader(file, loader)
        data = reader.read(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(file, mark.line + 1, mark.column + 1) if mark else file
        what = error.problem or error.context or "syntax error"
        raise ConfigError(f"not valid YAML: {what}", where=where, hint=_syntax_hint(what)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"not valid YAML: {error.reason}", where=Location(file, line, 1)
        ) from None
    except RecursionError:
        raise ConfigError("nested too deeply", where=file) from None
    return Document(file, data, reader.values, reader.keys)


def _syntax_hint(problem: str) -> str:
    if "\\t" in problem:
        return "Indent with spaces: YAML takes no tabs."
    if "mapping values are not allowed" in problem:
        return "Put quotes around a text that holds ': '."
    return "Check the indentation, quotes and brackets here and on the line above."


class _Reader:
    def __init__(self, file: str, loader: yaml.SafeLoader) -> None:
        self.file = file
        self.loader = loader
        self.values: dict[Path_, Location] = {}
        self.keys: dict[Path_, Location] = {}
        self.count = 0

    def _place(self, node: yaml.Node) -> Location:
        return Location(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def read(self, node: yaml.Node, path: Path_) -> Any:
        self.count += 1
        if self.count > _MOST_NODES:
            raise ConfigError("holds too many values", where=self._place(node))
        self.values[path] = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(entry, (*path, index)) for index, entry in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        # Dates are texts here: no key takes a date, and JSON has none.
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            return self.loader.construct_object(node, deep=True)
        except yaml.constructor.ConstructorError as error:
            raise ConfigError(f"not valid YAML: {error.problem}", where=self._place(node)) from None
        except ValueError as error:
            raise ConfigError(f"not a valid value: {error}", where=self._place(node)) from None

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        own = [pair for pair in node.value if pair[0].tag != "tag:yaml.org,2002:merge"]
        first: dict[str, Location] = {}
        for key_node, _ in own:
            key, place = self._key(key_node), self._place(key_node)
            if key in first:
                raise ConfigError(
                    f"the name {key!r} occurs twice",
                    where=place,
                    hint=f"It is first given at line {first[key].line}: rename or remove one.",
                )
            first[key] = place
        self.loader.flatten_mapping(node)  # `<<: *anchor`
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            place_of = (*path, key)
            self.keys[place_of] = self._place(key_node)
            data[key] = self.read(value_node, place_of)
        return data

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ConfigError("a key must be plain text", where=self._place(node))
        return str(node.value)

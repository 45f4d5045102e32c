"""What a scenario file refers to: variables of the environment, and files beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from janbench.config.untrusted import Untrusted
from janbench.config.yaml_source import Document, Path_
from janbench.errors import ConfigError
from janbench.model.text.references import REFERENCE
from janbench.model.text.secret import is_secret

# Filled by the script when it sends them: extracted values may stand there, too.
_AT_RUN_TIME = frozenset({"path", "headers", "body", "checks", "messages", "if", "until"})
# Data that goes to the model as it stands, and words for people.
_AS_IT_IS = frozenset(
    {"list", "system", "json_schema", "tools", "tool_call", "description", "title", "label"}
)
_MAY_BE_SECRET = frozenset({"headers", "body"})
_FILES = frozenset({"file", "sharegpt", "tokenizer"})
_URL = re.compile(r"^(https?:|data:)")


def resolve_references(
    document: Document, environment: Mapping[str, str], untrusted: Untrusted | None = None
) -> None:
    """Put in `${NAME}` and `${NAME:-default}`, and make the paths of files absolute.

    What the script fills itself is only checked. Raises ConfigError at the place for a variable
    that isn't set, for a secret where it would be written to a file, for a file that isn't
    there; with `untrusted`, for what its rules refuse.
    """
    walker = _Walker(document, environment, untrusted)
    document.data["scenarios"] = walker.walk(document.data["scenarios"], ("scenarios",))
    if "target" in document.data:
        document.data["target"] = walker.walk(document.data["target"], ("target",))


class _Walker:
    def __init__(
        self, document: Document, environment: Mapping[str, str], untrusted: Untrusted | None
    ) -> None:
        self.document = document
        self.environment = environment
        self.untrusted = untrusted
        self.extracted = _extracted(document.data["scenarios"])

    def walk(self, value: Any, path: Path_) -> Any:
        if isinstance(value, dict):
            return {key: self._entry(entry, (*path, key)) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.walk(entry, (*path, index)) for index, entry in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _entry(self, value: Any, path: Path_) -> Any:
        key = path[-1]
        in_steps = "steps" in path or "branches" in path
        if in_steps and key in _AT_RUN_TIME:
            self._check(value, path, secrets=key in _MAY_BE_SECRET)
            return self._images(value, path) if key == "messages" else value
        if key in _AS_IT_IS:
            return self._list(value, path) if key == "list" and self.untrusted else value
        walked = self.walk(value, path)
        if key in _FILES and isinstance(walked, str) and path[-2] != "parameters":
            return self._file(walked, path)
        return walked

    def _text(self, text: str, path: Path_) -> str:
        def found(match: re.Match[str]) -> str:
            if match[1]:
                return match[0][1:]
            name, default = match[2], match[3]
            self._allow(name, path)
            if is_secret(name):
                raise self._secret(name, path)
            value = self.environment.get(name) or default
            if value is None:
                raise ConfigError(
                    f"the variable {name} is not set",
                    where=self.document.locate(path),
                    hint=f"Set it, or give a default: ${{{name}:-value}}. For the text itself "
                    f"write $${{{name}}}.",
                )
            return value

        return REFERENCE.sub(found, text)

    def _check(self, value: Any, path: Path_, *, secrets: bool) -> None:
        if isinstance(value, dict):
            for key, entry in value.items():
                self._check(entry, (*path, key), secrets=secrets or key in _MAY_BE_SECRET)
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                self._check(entry, (*path, index), secrets=secrets)
        elif isinstance(value, str):
            for match in REFERENCE.finditer(value):
                name = match[2]
                if match[1]:
                    continue
                self._allow(name, path)
                if self._from_environment(name) and is_secret(name) and not secrets:
                    raise self._secret(name, path)

    def _from_environment(self, name: str) -> bool:
        """Whether a name can stand for a variable: `token` that a step extracts doesn't."""
        return name.isupper() or name not in self.extracted

    def _allow(self, name: str, path: Path_) -> None:
        if self.untrusted is not None:
            where = self.document.locate(path)
            self.untrusted.check_variable(name, where, self.extracted)

    def _secret(self, name: str, path: Path_) -> ConfigError:
        return ConfigError(
            f"{name} looks like a secret, which can't stand here",
            where=self.document.locate(path),
            hint="Secrets go into 'headers' or 'body' of a request, or into API_KEY. For the text "
            f"itself write $${{{name}}}.",
        )

    def _list(self, rows: Any, path: Path_) -> Any:
        """Check the images of prompts in a list, which are files or URLs, too."""
        if not isinstance(rows, list):
            return rows
        for index, row in enumerate(rows):
            if isinstance(row, dict):
                self._images(row.get("messages"), (*path, index, "messages"))
        return rows

    def _images(self, messages: Any, path: Path_) -> Any:
        if not isinstance(messages, list):
            return messages
        return [self._with_files(message, (*path, index)) for index, message in enumerate(messages)]

    def _with_files(self, message: Any, path: Path_) -> Any:
        if not isinstance(message, dict) or not isinstance(message.get("images"), list):
            return message
        images = [
            self._file(image, (*path, "images", index))
            if isinstance(image, str) and image and not _URL.match(image)
            else image
            for index, image in enumerate(message["images"])
        ]
        return {**message, "images": images}

    def _file(self, name: str, path: Path_) -> str:
        place = self.document.locate(path)
        folder = Path() if place.file.startswith("--set") else Path(place.file).parent
        try:
            file = (folder / name).resolve()
            there = file.is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise ConfigError(
                f"there is no file {name!r}",
                where=place,
                hint=f"Files are looked for relative to {folder.resolve()}.",
            )
        if self.untrusted is not None and not place.file.startswith("--set"):
            self.untrusted.check_file(file, Path(self.document.file).parent, place)
        return str(file)


def _extracted(value: Any) -> frozenset[str]:
    """Return the names of all values that steps keep of answers."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, entry in value.items():
            found |= set(entry) if key == "extract" and isinstance(entry, dict) else set()
            found |= _extracted(entry)
    elif isinstance(value, list):
        for entry in value:
            found |= _extracted(entry)
    return frozenset(found)

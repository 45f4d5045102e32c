"""From pydantic's complaints to one error at one place of a YAML file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from janbench.config.yaml_source import Document, Path_
from janbench.errors import ConfigError, suggestion

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], document: Document, data: Any, path: Path_ = ()) -> Model:
    """Return `data` (found at `path` of the document) as a model; raises ConfigError there."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _located(error, model, document, data, path) from None


def _located(
    error: ValidationError, model: type[BaseModel], document: Document, data: Any, path: Path_
) -> ConfigError:
    details: Any = error.errors(include_url=False)
    # An unknown key explains the others (the missing one that it was meant to be).
    first = next((entry for entry in details if entry["type"] == "extra_forbidden"), details[0])
    inner = _data_path(first["loc"], data, missing=first["type"] == "missing")
    at_key = first["type"] == "extra_forbidden" or "[key]" in first["loc"]
    if first["type"] == "union_tag_invalid":
        inner = (*inner, first["ctx"]["discriminator"].strip("'"))
    place = document.locate((*path, *inner), key=at_key)
    message, hint = _words(first, inner, model)
    return ConfigError(message, where=place, hint=hint)


def _data_path(loc: tuple[str | int, ...], data: Any, *, missing: bool) -> Path_:
    """Keep of pydantic's location what names a place of the data (it adds union tags)."""
    path: list[str | int] = []
    current = data
    for position, entry in enumerate(loc):
        if _holds(current, entry):
            current = current[entry]
            path.append(entry)
        elif missing and position == len(loc) - 1 and isinstance(current, dict):
            path.append(entry)  # a missing key: shown at its parent
    return tuple(path)


def _holds(container: Any, entry: str | int) -> bool:
    if isinstance(container, list):
        return isinstance(entry, int) and entry < len(container)
    return isinstance(container, dict) and entry in container


@dataclass(frozen=True)
class _Complaint:
    """One of pydantic's errors: the key it is about, the value found, the model it came from."""

    key: str
    value: Any
    context: dict[str, Any]
    text: str
    loc: tuple[str | int, ...]
    model: type[BaseModel]


def _words(entry: Any, path: Path_, model: type[BaseModel]) -> tuple[str, str]:
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    complaint = _Complaint(
        key, entry.get("input"), entry.get("ctx", {}), entry["msg"], entry["loc"], model
    )
    return _WORDS.get(entry["type"], _other)(complaint)


def _unknown_key(c: _Complaint) -> tuple[str, str]:
    model = _models_along(c.model, c.loc)
    valid = {field.alias or name for name, field in model.model_fields.items()}
    valid |= getattr(model, "ALSO_VALID", frozenset())
    return f"unknown key {c.key!r}", suggestion(c.key, valid)


def _missing(c: _Complaint) -> tuple[str, str]:
    purpose = " ".join((_models_along(c.model, c.loc).__doc__ or "").split()).split(". ")[0]
    return f"the key {c.key!r} is missing", f"It belongs to: {purpose.rstrip('.')}."


def _unknown_kind(c: _Complaint) -> tuple[str, str]:
    kinds = [name.strip("' ") for name in c.context["expected_tags"].split(",")]
    tag = str(c.context["tag"])
    what = "load shape" if "shape" in c.context["discriminator"] else "step kind"
    return f"unknown {what} {tag!r}", suggestion(tag, kinds)


def _no_kind(_: _Complaint) -> tuple[str, str]:
    return "a step needs the key 'kind'", "For example: kind: chat"


def _not_one_of(c: _Complaint) -> tuple[str, str]:
    if "[key]" in c.loc:
        wanted = c.context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"unknown key {c.value!r}", suggestion(str(c.value), wanted)
    wanted = c.context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
    return f"{c.key} can't be {c.value!r}", suggestion(str(c.value), wanted)


def _unfit(c: _Complaint) -> tuple[str, str]:
    return f"{c.value!r} is not a valid {c.key or 'name'}", _form(c.context["pattern"])


def _own_rule(c: _Complaint) -> tuple[str, str]:
    message = str(c.context["error"])
    hint = "Or give 'prompts', for many of them." if "'messages' is missing" in message else ""
    return message, hint


def _other(c: _Complaint) -> tuple[str, str]:
    text = c.text.split(", unable to")[0].split(" or instance of")[0]
    text = text.replace("Input should be", "must be").replace("valid dictionary", "mapping")
    text = text.replace("valid tuple", "list").replace("valid list", "list")
    shown = "" if isinstance(c.value, dict | list) else f", not {c.value!r}"
    return f"{c.key}: {text}{shown}" if c.key else f"{text}{shown}", ""


_WORDS: dict[str, Callable[[_Complaint], tuple[str, str]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _no_kind,
    "literal_error": _not_one_of,
    "string_pattern_mismatch": _unfit,
    "value_error": _own_rule,
}


def _form(pattern: str) -> str:
    known = {
        "^https?://": "It begins with http:// or https:// and a host.",
        "^/": "It begins with a slash.",
        "^[a-z0-9][a-z0-9._-]": "Use lower-case letters, digits, '-', '_' and '.' (at most 80).",
        "^[a-z][a-z0-9_]": "Use lower-case letters, digits and '_', a letter first.",
        "^[A-Za-z_]": "Use letters, digits and '_', no digit first.",
        "^[A-Za-z0-9_.-]": "Use letters, digits, '_', '.' and '-' (at most 40).",
    }
    bare = pattern.lstrip("(")
    return next((text for start, text in known.items() if bare.startswith(start)), "")


def _models_along(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Follow a location through the models' fields; give the last model met."""
    current = model
    for entry in loc[:-1]:
        fields = {field.alias or name: field for name, field in current.model_fields.items()}
        nested = (
            _models_in(fields[entry].annotation)
            if (isinstance(entry, str) and entry in fields)
            else []
        )
        if len(nested) == 1:
            current = nested[0]
        elif nested:
            tagged = [m for m in nested if _tag(m) in loc]
            current = tagged[0] if tagged else current
    return current


def _tag(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind") or model.model_fields.get("shape")
    arguments = getattr(field.annotation, "__args__", ("",)) if field else ("",)
    return str(arguments[0])


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        found += _models_in(argument)
    return found

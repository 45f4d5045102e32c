"""From pydantic's complaints to one error at one place of a YAML file."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from janbench.config.yaml_source import Document, Path_
from janbench.errors import ConfigError, suggestion

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], document: Document, data: Any, path: Path_ = ()) -> Model:
    """Give `data` (found at `path` of the document) as a model; raises ConfigError at the place."""
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
    inner = _data_path(first["loc"], data)
    place = document.locate((*path, *inner), key=first["type"] == "extra_forbidden")
    message, hint = _words(first, inner, model, data)
    return ConfigError(message, where=place, hint=hint)


def _data_path(loc: tuple[str | int, ...], data: Any) -> Path_:
    """Keep of pydantic's location what names a place of the data (it adds union tags)."""
    path: list[str | int] = []
    current = data
    for entry in loc:
        if isinstance(current, dict) and entry in current:
            current = current[entry]
        elif isinstance(current, list) and isinstance(entry, int) and entry < len(current):
            current = current[entry]
        elif entry == loc[-1] and isinstance(current, dict):
            path.append(entry)  # a missing key: shown at its parent
            break
        else:
            continue
        path.append(entry)
    return tuple(path)


def _words(entry: Any, path: Path_, model: type[BaseModel], data: Any) -> tuple[str, str]:
    kind, context, value = entry["type"], entry.get("ctx", {}), entry.get("input")
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        return f"unknown key {key!r}", suggestion(str(key), _valid_keys(model, entry["loc"]))
    if kind == "missing":
        return f"the key {key!r} is missing", _description(model, entry["loc"])
    if kind == "union_tag_invalid":
        kinds = [name.strip("' ") for name in context["expected_tags"].split(",")]
        return f"unknown step kind {context['tag']!r}", suggestion(str(context["tag"]), kinds)
    if kind == "union_tag_not_found":
        return "a step needs the key 'kind'", "For example: kind: chat"
    if kind == "literal_error":
        wanted = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"{key} can't be {value!r}", suggestion(str(value), wanted)
    if kind == "string_pattern_mismatch":
        return f"{key or 'the name'} {value!r} has an unsuitable form", _form(context["pattern"])
    if kind == "value_error":
        return str(context["error"]), ""
    shown = "" if isinstance(value, dict | list) else f", not {value!r}"
    text = entry["msg"].replace("Input should be", "must be").replace("Field", key)
    return f"{key}: {text}{shown}" if key else f"{text}{shown}", ""


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
        nested = _models_in(current.model_fields[entry].annotation) if (
            isinstance(entry, str) and entry in current.model_fields
        ) else []
        if len(nested) == 1:
            current = nested[0]
        elif nested:
            tagged = [m for m in nested if _tag(m) in loc]
            current = tagged[0] if tagged else current
    return current


def _tag(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind")
    arguments = getattr(field.annotation, "__args__", ("",)) if field else ("",)
    return str(arguments[0])


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        found += _models_in(argument)
    return found


def _valid_keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    return list(_models_along(model, loc).model_fields)


def _description(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    owner = _models_along(model, loc)
    return f"Here it is needed: {' '.join((owner.__doc__ or '').split())[:120]}"

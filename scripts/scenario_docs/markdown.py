"""One model as Markdown: its words, a table of its keys, examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from janbench.model.steps.base import BaseStep
from janbench.model.steps.model_step import ModelStep
from scripts.scenario_docs.examples import EXAMPLES


def own_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the keys that a model adds to those that its page tells of elsewhere, by alias."""
    told: set[str] = set()
    if issubclass(model, BaseStep) and model is not BaseStep:
        told = set(BaseStep.model_fields)
    if issubclass(model, ModelStep) and model is not ModelStep:
        told |= set(ModelStep.model_fields)
    return {
        field.alias or name: field for name, field in model.model_fields.items() if name not in told
    }


def heading(model: type[BaseModel]) -> str:
    """Name a model as its users do: a step by its kind, a shape by its name."""
    for tag in ("kind", "shape"):
        field = model.model_fields.get(tag)
        if field is not None:
            return f"`{tag}: {get_args(field.annotation)[0]}`"
    return f"{model.__name__}"


def section(model: type[BaseModel]) -> Iterator[str]:
    """Return the lines of a model's section."""
    yield f"### {heading(model)}\n"
    yield re.sub(r"\n    ", "\n", (model.__doc__ or "").strip()) + "\n"
    fields = own_fields(model)
    if fields:
        yield "| key | value | default |"
        yield "| --- | --- | --- |"
        for name, field in fields.items():
            yield f"| `{name}` | {_type(field.annotation)}{_bounds(field)} | {_default(field)} |"
        yield ""
    for example in EXAMPLES[model]:
        yield f"```yaml\n{example.rstrip()}\n```\n"


def _type(annotation: Any) -> str:  # noqa: PLR0911 - one line for each way to write a type
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "nothing"
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
    if str(origin) == "typing.Literal":
        return ", ".join(f"`{value}`" for value in arguments)
    if arguments:
        kinds = [_type(entry) for entry in arguments if entry is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return heading(annotation) if "kind" in annotation.model_fields else annotation.__name__
    names = {float: "number", int: "whole number", str: "text", bool: "true or false"}
    return names.get(annotation, "step" if "Step" in str(annotation) else "any value")


def _bounds(field: FieldInfo) -> str:
    words = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "min_length": "at least"}
    found = [
        f"{word} {getattr(entry, name)}"
        for entry in field.metadata
        for name, word in words.items()
        if getattr(entry, name, None) is not None
    ]
    return f" ({', '.join(found)})" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel) or value in ("", (), {}):
        return ""
    return f"`{json.dumps(value)}`"

"""The flavours file, with its `extends` resolved."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from janbench import resources
from janbench.config.validation_errors import validated
from janbench.config.yaml_source import read_yaml
from janbench.errors import ConfigError, suggestion
from janbench.model.flavour import Flavour


@lru_cache(maxsize=1)
def load_flavours() -> dict[str, Flavour]:
    """Return the flavours by name."""
    document = read_yaml(resources.flavours())
    raw: dict[str, dict[str, Any]] = document.data
    return {name: validated(Flavour, document, _merged(raw, name), (name,)) for name in raw}


def flavour_named(name: str) -> Flavour:
    """Return a flavour; raises ConfigError with the nearest valid name."""
    flavours = load_flavours()
    if name not in flavours:
        raise ConfigError(f"unknown flavour {name!r}", hint=suggestion(name, flavours))
    return flavours[name]


def _merged(raw: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    own = dict(raw[name])
    parent = own.pop("extends", None)
    return {**_merged(raw, parent), **own} if parent else own

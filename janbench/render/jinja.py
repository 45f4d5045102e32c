"""Jinja as all templates of janbench use it: nothing undefined, values as JavaScript literals."""

from __future__ import annotations

from functools import lru_cache, partial

import jinja2

from janbench import resources
from janbench.render.literal import literal
from janbench.template_cache import compiled_templates


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Return the environment over the folder of templates."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates()),
        bytecode_cache=compiled_templates(resources.templates()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - JavaScript and YAML, not HTML: `tojson` does the escaping
    )
    found.filters["tojson"] = partial(literal, bare=True)
    return found

"""The files that a new user starts from."""

from __future__ import annotations

from janbench.model.flavour import Flavour
from janbench.render.jinja import environment

_FILES = {
    "scenarios.yaml": "scenarios.yaml.j2",
    ".env.example": "env.example.j2",
    ".github/workflows/loadtest.yml": "loadtest.yml.j2",
}
_BASES = {"openai": ("http://127.0.0.1:8000", "my-model")}
_JAN = ("http://127.0.0.1:8787", "jan-v1-4b")


def starter(name: str, flavour: Flavour) -> dict[str, str]:
    """Return a starter's files for a flavour of server: relative path -> text."""
    base, model = _BASES.get(name, _JAN)
    facts = {
        "flavour": name,
        "title": flavour.title,
        "base": base,
        "model": model,
        "guests": flavour.auth.mode != "key",
        "conversations": flavour.conversation_chat is not None
        and flavour.conversations is not None,
    }
    return {
        path: environment().get_template(f"init/{template}").render(facts)
        for path, template in _FILES.items()
    }

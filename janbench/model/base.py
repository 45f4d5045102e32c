"""The base of every typed record that crosses a border (YAML in, JSON out)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable record that refuses unknown keys; pydantic's ValidationError tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

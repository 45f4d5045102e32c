"""The base of every typed record that crosses a border (YAML in, JSON out)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from janbench.model.text.foreign import for_all, plain_text


class Frozen(BaseModel):
    """An immutable record that refuses unknown keys; pydantic's ValidationError tells.

    `BARE`: JSON Schema of a short form that a validator of the model takes for the whole.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    BARE: ClassVar[dict[str, Any] | None] = None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the short form to the model's JSON Schema."""
        schema = handler(core_schema)
        return schema if cls.BARE is None else {"anyOf": [cls.BARE, schema]}


class Printable(Frozen):
    """A record that is shown to people and holds texts of others: they are made safe on entry."""

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return for_all(value, plain_text)

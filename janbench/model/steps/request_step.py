"""Any HTTP call, described in YAML: for endpoints that no other kind of step covers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.steps.base import VARIABLE, BaseStep, HeaderName, JsonPath


class JsonCheck(Frozen):
    """A condition on the value at `path` of a JSON answer, such as `data[0].id`."""

    name: str = Field(min_length=1, max_length=80)
    path: JsonPath
    exists: bool | None = None
    equals: JsonValue = None
    contains: str | float | bool | None = None
    matches: str | None = Field(default=None, max_length=500)
    type: Literal["array", "boolean", "null", "number", "object", "string"] | None = None
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_condition(self) -> Self:
        if not self.model_fields_set - {"name", "path"}:
            raise ValueError("needs one of exists, equals, contains, matches, type, min, max")
        return self


class Request(BaseStep):
    """Any HTTP call: for endpoints that no other kind covers.

    `path`, `headers` and `body` may hold `${name}`: a value that an earlier step extracts, or an
    environment variable, with `${name:-default}`. `auth: false` sends it without credentials.
    `extract` keeps values of the answer: a variable's name and the path of its value. Redirects
    are not followed; one that is expected is an answer like any other (`expect: 302`).
    """

    kind: Literal["request"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    path: str = Field(pattern=r"^/")
    headers: dict[HeaderName, str] = Field(default_factory=dict)
    body: JsonValue = None
    auth: bool = True
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(default=(200,), min_length=1)
    checks: tuple[JsonCheck, ...] = ()
    extract: dict[Annotated[str, Field(pattern=VARIABLE)], JsonPath] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_status(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("expect"), int):
            return {**data, "expect": [data["expect"]]}
        return data

    @model_validator(mode="after")
    def _title(self) -> Self:
        if self.title is None:
            object.__setattr__(self, "title", f"{self.method} {self.path}"[:60])
        return self

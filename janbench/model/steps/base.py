"""What every step of a scenario has, whatever its kind."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.slo import Slo

LaneOfStep = Literal["nonstream", "stream"]
OTHER_TIMEOUT_S = 60.0
METRIC = r"^[A-Za-z_][A-Za-z0-9_]{1,127}$"
_KEY = r"[^\s.\[\]*?()'\"]+"
_PATH = re.compile(rf"(?:\$\.?)?(?:{_KEY}|\[-?\d+\])(?:\.{_KEY}|\[-?\d+\])*|\$")


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a valid path of a value: write keys with dots between and "
            "places of a list in brackets, as in data[0].id"
        )
    return text


JsonPath = Annotated[str, AfterValidator(_path)]
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_K6_TAGS = frozenset(
    ("step", "lane", "scenario", "name", "method", "url", "status", "group", "check", "proto",
     "error", "error_code", "phase", "kind", "prompt", "expected_response", "tls_version",
     "ocsp_status", "ip", "vu", "iter", "service", "testid", "test_case")
)  # fmt: skip


HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")]


class Condition(Frozen):
    """A condition on a variable that an earlier step extracts.

    All of the given ones must hold; `exists` alone asks whether there is a value.
    """

    variable: str = Field(pattern=VARIABLE)
    exists: bool | None = None
    equals: JsonValue = None
    contains: str | float | bool | None = None
    matches: str | None = Field(default=None, max_length=500)
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    negate: bool = False

    @model_validator(mode="after")
    def _has_condition(self) -> Self:
        if not self.model_fields_set - {"variable", "negate"}:
            raise ValueError("needs one of exists, equals, contains, matches, min, max")
        return self


class Repeat(Frozen):
    """How often: `times`; or between `min` and `max` times; or until a condition, at most `max`."""

    BARE: ClassVar[dict[str, Any] | None] = {"type": "integer"}

    times: int | None = Field(default=None, ge=1, le=10_000)
    min: int = Field(default=1, ge=1, le=10_000)
    max: int | None = Field(default=None, ge=1, le=10_000)
    until: Condition | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, data: Any) -> Any:
        """Take a bare number for `times`."""
        if isinstance(data, int | str) and not isinstance(data, bool):
            return {"times": data}
        return data

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.times is None) == (self.max is None):
            raise ValueError("needs either 'times' or 'max'")
        if self.max is not None and self.max < self.min:
            raise ValueError("'max' is below 'min'")
        return self

    @property
    def most(self) -> int:
        """Return the most repetitions."""
        return self.times or self.max or 1

    @property
    def typical(self) -> float:
        """Return the repetitions to expect."""
        return float(self.times or ((self.min + (self.max or 1)) / 2))


class BaseStep(Frozen):
    """What every step has.

    `id`: the step's name in metrics and reports (default: its kind, numbered when it repeats).
    `title`: for people. `label`: what its checks begin with (default: the id). `lane`: the only
    lane that runs it (default: both). `think_time_s`: pause after it under load. `metric`: name of
    the k6 Trend that takes its response time in ms. `tags`: k6 tags of its samples. `slo`: its own
    objectives. `if`: run it only when the condition holds. `repeat`: run it several times.
    """

    model_config = ConfigDict(populate_by_name=False)

    model_talk: ClassVar[bool] = False
    counted: ClassVar[bool] = True
    needs: ClassVar[str | None] = None
    default_title: ClassVar[str] = ""
    typical_s: ClassVar[float] = 0.2

    id: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,59}$")
    title: str | None = Field(default=None, min_length=1, max_length=60)
    label: str | None = Field(default=None, min_length=1, max_length=60)
    lane: LaneOfStep | None = None
    think_time_s: float | None = Field(default=None, ge=0, le=3600)
    timeout_s: float = Field(default=OTHER_TIMEOUT_S, gt=0, le=3600)
    metric: str | None = Field(default=None, pattern=METRIC)
    tags: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")],
        Annotated[str, Field(max_length=200)],
    ] = Field(default_factory=dict)
    slo: Slo | None = None
    condition: Condition | None = Field(default=None, alias="if")
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _own_tags(self) -> Self:
        taken = sorted(_K6_TAGS.intersection(self.tags))
        if taken:
            raise ValueError(f"the tag {taken[0]!r} is set by k6 or janbench: choose another name")
        return self

    @property
    def most_requests(self) -> int:
        """Return the most requests of one run of the step, logins aside."""
        return 1

    @property
    def most_repeats(self) -> int:
        """Return the most runs of the step in one iteration."""
        return self.repeat.most if self.repeat else 1

    @property
    def typical_repeats(self) -> float:
        """Return the runs of the step to expect in one iteration."""
        return self.repeat.typical if self.repeat else 1.0

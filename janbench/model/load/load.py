"""The load of a scenario: its lanes, what isn't counted, and what ends it early."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import Self

from janbench.model.base import Frozen
from janbench.model.duration import Duration, DurationOrZero
from janbench.model.load.open_shapes import Ramp, default_ramp
from janbench.model.load.profile import Profile
from janbench.model.load.shape import SHAPES, Shape

MAIN = "main"
LaneName = Literal["main", "nonstream", "stream"]

_CLASSIC = ("nonstream_rps", "stream_rps", "duration_min")
_OF_SHAPES = frozenset(key for shape in SHAPES.values() for key in shape.model_fields)


class Budget(Frozen):
    """Limits that end a run in an orderly way; what was measured until then is judged.

    `max_requests` and `max_duration` shorten the load beforehand: they are never exceeded (but for
    requests that a login or a list of several pages adds). `max_tokens_total` (input and output)
    is watched while the load runs, every two seconds.
    """

    max_tokens_total: int | None = Field(default=None, ge=1)
    max_requests: int | None = Field(default=None, ge=1)
    max_duration: Duration | None = None


class Load(Frozen):
    """The load of a scenario, in one of three ways.

    1. `nonstream_rps`, `stream_rps`, `duration_min`: iterations per second of each lane, and the
       length in minutes. A lane starts rate x (duration - ramp) iterations; the ramp up and the
       ramp down take min(60 s, 20% of the duration) each. Variables and flags override these.
    2. `shape` and its keys: one lane, `main`, that runs every step.
    3. `lanes`: a shape for `nonstream`, for `stream`, or for both.

    `warmup` and `cooldown`: load at the lane's steady rate before and after, sent but not counted.
    `iteration_s`: expected length of one iteration, from which the number of virtual users follows
    (default: estimated from the steps). `allow_drops`: dropped iterations don't make it invalid.
    """

    nonstream_rps: float = Field(default=2.0, ge=0, le=100_000, allow_inf_nan=False)
    stream_rps: float = Field(default=1.0, ge=0, le=100_000, allow_inf_nan=False)
    duration_min: float = Field(default=5.0, gt=0, le=10_080, allow_inf_nan=False)
    lanes: dict[LaneName, Shape] = Field(default_factory=dict)
    warmup: DurationOrZero = 0.0
    cooldown: DurationOrZero = 0.0
    budget: Budget = Field(default_factory=Budget)
    allow_drops: bool = False
    iteration_s: float | None = Field(default=None, gt=0, le=3600)
    max_vus: int = Field(default=5_000, ge=1, le=100_000)

    ALSO_VALID: ClassVar[frozenset[str]] = frozenset({"shape"})

    @model_validator(mode="before")
    @classmethod
    def _shape_of_all(cls, data: Any) -> Any:
        """Take a shape that stands in the load itself as that of the lane `main`."""
        if not isinstance(data, dict):
            return data
        classic = [key for key in _CLASSIC if key in data]
        if data.get("shape") == "ramp" and classic:
            data = {key: value for key, value in data.items() if key != "shape"}
        shaped = "shape" in data or ("lanes" not in data and not _OF_SHAPES.isdisjoint(data))
        if (shaped or "lanes" in data) and classic:
            raise ValueError(
                f"{classic[0]} belongs to a load without shapes: "
                "give each shape its own 'rate' and 'duration'"
            )
        if not shaped:
            return {**data, "lanes": _with_shapes(data["lanes"])} if "lanes" in data else data
        if "lanes" in data:
            raise ValueError("either 'shape' or 'lanes', not both")
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        shape = {key: value for key, value in data.items() if key not in cls.model_fields}
        return {**own, "lanes": _with_shapes({MAIN: shape})}

    @model_validator(mode="after")
    def _main_alone(self) -> Self:
        if MAIN in self.lanes and len(self.lanes) > 1:
            raise ValueError("the lane 'main' runs every step: it can't go with other lanes")
        return self

    @property
    def shaped(self) -> bool:
        """Whether lanes have shapes of their own, which no variable overrides."""
        return bool(self.lanes)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of each lane that runs."""
        if self.lanes:
            return {str(name): shape for name, shape in self.lanes.items()}
        rates = {"nonstream": self.nonstream_rps, "stream": self.stream_rps}
        length = self.duration_min * 60
        # Not validated: a classic load may be shorter or slower than a shape is meant to be.
        return {
            name: Ramp.model_construct(rate=rate, duration=length, ramp=default_ramp(length))
            for name, rate in rates.items()
            if rate > 0
        }

    def profiles(self) -> dict[str, Profile]:
        """Return each lane's profile, within the budget of time."""
        profiles = {name: shape.profile() for name, shape in self.shapes().items()}
        if self.budget.max_duration is None:
            return profiles
        left = max(1.0, self.budget.max_duration - self.warmup)
        return {name: profile.until(left) for name, profile in profiles.items()}

    def iteration_limits(self, requests: dict[str, float]) -> dict[str, int]:
        """Return each lane's most iterations, where a budget of requests sets any.

        `requests`: the most that one iteration of a lane makes. The budget is shared as the lanes'
        iterations are planned, or equally where a closed loop plans none.
        """
        limit, profiles = self.budget.max_requests, self.profiles()
        if limit is None:
            return {}
        planned = {name: (p.iterations or 0) * requests[name] for name, p in profiles.items()}
        total = sum(planned.values())
        if all(planned.values()) and total <= limit:
            return {}
        shares = {
            name: planned[name] / total if all(planned.values()) else 1 / len(profiles)
            for name in profiles
        }
        return {name: int(limit * shares[name] / max(1.0, requests[name])) for name in profiles}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the keys of shapes, which may stand in the load itself, to its JSON Schema."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        shape = {"enum": list(SHAPES), "description": "Shape of the only lane, main."}
        schema["properties"]["shape"] = shape
        for key in sorted(_OF_SHAPES - {"shape"}):
            schema["properties"].setdefault(key, {"description": "Key of the shape."})
        return schema


def _with_shapes(lanes: Any) -> Any:
    if not isinstance(lanes, dict):
        return lanes
    return {
        name: {"shape": "ramp", **shape} if isinstance(shape, dict) else shape
        for name, shape in lanes.items()
    }

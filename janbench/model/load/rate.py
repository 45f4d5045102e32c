"""Iterations per second, within the bounds of what k6 can offer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Rate = Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False)]
RateOrZero = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]

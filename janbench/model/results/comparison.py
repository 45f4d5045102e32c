"""What a comparison of two runs found (schema `janbench.comparison/1`).

Times are milliseconds; changes are shares: 0.1 is 10% more, or, where `change_kind` is `absolute`,
10 percentage points more.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from janbench.model.base import Printable

SCHEMA = "janbench.comparison/1"

EffectVerdict = Literal["better", "worse", "same", "inconclusive"]

EXIT_CODES: dict[EffectVerdict, int] = {"better": 0, "same": 0, "worse": 5, "inconclusive": 6}


class Effect(Printable):
    """One figure of both runs.

    `low` and `high` bound `change` with 95% confidence. `p_value` is of the one-sided hypothesis
    that HEAD isn't worse (or, for `better`, isn't better), adjusted for all rows that gate.
    `more_samples`: how many more are needed on each side to decide, if the change stays as it was
    measured. `gates`: the row takes part in the exit code.
    """

    metric: str
    statistic: str
    unit: str
    better: Literal["lower", "higher"]
    base: float | None
    head: float | None
    base_samples: int = 0
    head_samples: int = 0
    change: float | None = None
    low: float | None = None
    high: float | None = None
    change_kind: Literal["relative", "absolute"] = "relative"
    margin: float
    p_value: float | None = None
    verdict: EffectVerdict
    gates: bool = True
    more_samples: int | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Name it as `--margin` and `--gate` do: `ttft_ms.p95`, `error_rate`."""
        return f"{self.metric}.{self.statistic}" if self.statistic else self.metric


class ScenarioComparison(Printable):
    """All figures of one scenario that both runs have."""

    name: str
    effects: list[Effect] = Field(default_factory=list)
    block_requests: float | None = None
    warnings: list[str] = Field(default_factory=list)


class RunReference(Printable):
    """One of the two runs."""

    run_id: str
    started_at: str
    target: str
    model: str
    verdict: str
    folder: str = ""


class Comparison(Printable):
    """HEAD against BASE."""

    schema_: str = Field(default=SCHEMA, alias="schema")
    base: RunReference
    head: RunReference
    verdict: EffectVerdict
    exit_code: int
    confidence: float = 0.95
    scenarios: list[ScenarioComparison] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)

    def to_json(self) -> str:
        """Return the text of the comparison: indented, newline at the end."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

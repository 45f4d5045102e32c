"""What a run found: the typed form of `result.json` (schema `janbench.result/1`).

Times are milliseconds unless a name ends in `_s`; rates are per second; shares are 0 to 1. A figure
that could not be measured is absent from `metrics` and named, with the reason, in `unmeasured`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from janbench.model.base import Printable
from janbench.model.results.distribution import Distribution
from janbench.model.results.load import LaneResult, Saturation, StageResult

SCHEMA = "janbench.result/1"

Verdict = Literal["pass", "fail", "invalid", "error", "interrupted"]

# Which verdict speaks for a run of several scenarios: the first of these that occurs. A failed
# scenario outranks an invalid one, since a definite answer stands whatever the other run was worth.
VERDICT_ORDER: tuple[Verdict, ...] = ("interrupted", "error", "fail", "invalid", "pass")

EXIT_CODES: dict[Verdict, int] = {
    "pass": 0,
    "fail": 1,
    "error": 3,
    "invalid": 4,
    "interrupted": 130,
}


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict of a whole run; `error` for none at all, since nothing was tested."""
    return next((verdict for verdict in VERDICT_ORDER if verdict in verdicts), "error")


class Reason(Printable):
    """Why a verdict isn't a pass, or what a pass doesn't say; `value`, `limit` where there are any.

    `kind` is a stable word for machines (`check`, `threshold`, `objective`, `stream`, `dropped`,
    `proxy`, `k6`, `target`, `warning`, ...); `message` is the sentence for people.
    """

    kind: str
    message: str
    value: float | None = None
    limit: float | None = None


class Requests(Printable):
    """HTTP requests of a scenario; `dropped` counts iterations that k6 couldn't start."""

    attempted: int = 0
    completed: int = 0
    failed: int = 0
    dropped: int = 0


class Throughput(Printable):
    """Run-wide rates per second: of good requests to the model, and of their output tokens.

    `window_s` is the time that they are taken over: `requests`, from the start of the first request
    to the model to the end of the last; `k6`, where there are no records, the time in which k6
    executed the test.
    """

    requests_per_s: float | None = None
    output_tokens_per_s: float | None = None
    tokens_source: Literal["usage", "estimated", "mixed"] | None = None
    window: Literal["requests", "k6"] | None = None
    window_s: float | None = None


class StepResult(Printable):
    """One step over the whole scenario: requests, failed ones, and metrics that fit its kind.

    `input_tokens`: their mean over the good requests, as the target counts them; `asked_tokens`:
    the mean length of the prompts, where a tokenizer or made-up text tells it.
    """

    title: str = ""
    kind: str = ""
    lane: str | None = None
    count: int = 0
    failed: int = 0
    duration_ms: Distribution | None = None
    metrics: dict[str, Distribution] = Field(default_factory=dict)
    input_tokens: float | None = None
    asked_tokens: float | None = None


class CheckResult(Printable):
    """A named check; `step` is the id of the step that makes it, when it is known."""

    name: str
    passes: int
    fails: int
    step: str | None = None


class ThresholdResult(Printable):
    """A k6 threshold; `value` is None when the metric had no sample, and `ok` is then false."""

    metric: str
    expression: str
    value: float | None
    ok: bool


class Objective(Printable):
    """One service-level objective and how it came out; `value` None fails it (with the reason).

    `bounds`: what the value lies between, where times are known only within bounds.
    """

    name: str
    metric: str
    statistic: str
    comparison: Literal["<=", ">="]
    limit: float
    value: float | None
    ok: bool
    bounds: tuple[float, float] | None = None
    step: str | None = None
    judged_by: Literal["records", "k6"] = "records"
    reason: str = ""

    def met_by(self, value: float) -> bool:
        """Say whether a value would meet it."""
        return value <= self.limit if self.comparison == "<=" else value >= self.limit


class SloResult(Printable):
    """Objectives of a scenario and the share of attempted requests that met every limit."""

    goodput: float | None = None
    objectives: list[Objective] = Field(default_factory=list)


class Validity(Printable):
    """What janbench knows of its own measurement; None where the figure doesn't exist.

    `clock` tells when bytes arrived: the `kernel`, or the timing proxy's event `loop`.
    `read_together`: share of the content events that were read with later ones, so that their times
    have bounds; `sent_together`: of those that the target sent in one packet with the one before.
    """

    dropped_iterations: int = 0
    clock: Literal["kernel", "loop"] | None = None
    read_together: float | None = None
    sent_together: float | None = None
    proxy_lag_p99_ms: float | None = None
    proxy_cpu: float | None = None
    proxy_queue_depth: int | None = None
    client_cpu: float | None = None
    schedule_lag_p99_ms: float | None = None
    start_skew_s: float | None = None
    relogins: int = 0
    client_errors: int = 0


class ScenarioResult(Printable):
    """Everything that is known of one scenario of a run."""

    name: str
    verdict: Verdict
    reasons: list[Reason] = Field(default_factory=list)
    mode: Literal["single", "load", "script"] = "load"
    timing: Literal["proxy", "direct"] = "direct"
    started_at: str = ""
    duration_s: float = 0.0
    k6_exit_code: int | None = None
    iterations: int = 0
    lanes: list[LaneResult] = Field(default_factory=list)
    stages: list[StageResult] = Field(default_factory=list)
    requests: Requests = Field(default_factory=Requests)
    metrics: dict[str, Distribution] = Field(default_factory=dict)
    unmeasured: dict[str, str] = Field(default_factory=dict)
    throughput: Throughput = Field(default_factory=Throughput)
    steps: dict[str, StepResult] = Field(default_factory=dict)
    checks: list[CheckResult] = Field(default_factory=list)
    thresholds: list[ThresholdResult] = Field(default_factory=list)
    saturation: Saturation | None = None
    statuses: dict[str, int] = Field(default_factory=dict)
    rate_limit: str = ""
    slo: SloResult = Field(default_factory=SloResult)
    stream_errors: dict[str, int] = Field(default_factory=dict)
    answer_notes: dict[str, int] = Field(default_factory=dict)
    validity: Validity = Field(default_factory=Validity)


class EngineInfo(Printable):
    """What executed the scripts; `instances` is how many k6 processes shared each load."""

    name: str
    k6_version: str = ""
    k6_path: str = ""
    image: str = ""
    instances: int = 1

    @property
    def description(self) -> str:
        """Say it in a few words."""
        several = f", {self.instances} instances" if self.instances > 1 else ""
        version = f", k6 {self.k6_version}" if self.k6_version else ""
        return f"{self.name}{version}{several}"


class TargetInfo(Printable):
    """Where the load went; `base` carries no credentials."""

    base: str
    flavour: str
    model: str


class RunResult(Printable):
    """One run: `result.json`."""

    schema_: str = Field(default=SCHEMA, alias="schema")
    run_id: str
    started_at: str
    duration_s: float
    verdict: Verdict
    exit_code: int
    janbench_version: str
    engine: EngineInfo
    target: TargetInfo
    testid: str = ""
    command: list[str] = Field(default_factory=list)
    reasons: list[Reason] = Field(default_factory=list)
    scenarios: list[ScenarioResult] = Field(default_factory=list)

    def to_json(self) -> str:
        """Return the text of `result.json`: indented, keys in documented order, newline at end."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunResult:
        """Read `result.json`; raises pydantic's ValidationError when it isn't one."""
        return cls.model_validate_json(text)

"""Raw k6 thresholds, checked as far as k6 would: it refuses a whole script for one bad line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import Field, model_validator

from janbench.errors import suggestion
from janbench.model.base import Frozen
from janbench.model.duration import DurationOrZero, format_duration
from janbench.model.metric import METRICS

# What a budget of tokens is counted by.
TOKENS_SPENT = "llm_tokens_spent"

_BUILT_IN = {
    "checks": "rate", "data_received": "counter", "data_sent": "counter",
    "dropped_iterations": "counter", "http_req_blocked": "trend", "http_req_connecting": "trend",
    "http_req_duration": "trend", "http_req_failed": "rate", "http_req_receiving": "trend",
    "http_req_sending": "trend", "http_req_tls_handshaking": "trend", "http_req_waiting": "trend",
    "http_reqs": "counter", "iteration_duration": "trend", "iterations": "counter",
    "vus": "gauge", "vus_max": "gauge",
}  # fmt: skip
_OURS = {
    **{metric.trend: "trend" for metric in METRICS.values() if metric.trend},
    "llm_receiving_ms": "trend", "llm_total_ms": "trend", "llm_queue_ms": "trend",
    "llm_itl_ms": "trend", "llm_itl_max_ms": "trend", "llm_output_tokens": "counter",
    "llm_estimated_tokens": "counter", "llm_errors": "counter", "llm_failed_inside_200": "counter",
    "llm_stream_errors": "counter", "llm_streams": "counter", "llm_answer_notes": "counter",
    TOKENS_SPENT: "counter",
    "guest_login_time_ms": "trend", "refresh_token_time_ms": "trend", "auth_relogins": "counter",
    "lane_iterations": "counter", "step_failures": "counter", "schedule_lag_ms": "trend",
}  # fmt: skip
KNOWN: dict[str, str] = {**_BUILT_IN, **_OURS}

_METHODS = {
    "trend": ("avg", "min", "max", "med", "p"),
    "counter": ("count", "rate"),
    "rate": ("rate",),
    "gauge": ("value",),
}
_EXPRESSION = re.compile(
    r"^\s*(avg|min|max|med|count|rate|value|p\((?:100(?:\.0{1,6})?|\d{1,2}(?:\.\d{1,6})?)\))"
    r"\s*(<=|>=|===|==|!=|<|>)\s*(-?\d{1,15}(?:\.\d{1,9})?)\s*$",
    re.ASCII,
)
_METRIC = re.compile(
    r"^([A-Za-z_][A-Za-z0-9_]{1,127})(\{[A-Za-z_]\w*:[\w./+ -]+(,[A-Za-z_]\w*:[\w./+ -]+)*\})?$",
    re.ASCII,
)


def parts_of(metric: str) -> tuple[str, dict[str, str]]:
    """Return the name and the tags of `name{tag:value,tag:value}`."""
    name, _, tags = metric.rstrip("}").partition("{")
    pairs = (pair.partition(":") for pair in tags.split(",") if pair)
    return name, {key.strip(): value for key, _, value in pairs}


class Expression(NamedTuple):
    """A threshold's parts: `p(95)`, `<`, 800."""

    statistic: str
    operator: str
    limit: float


def parse_expression(text: str) -> Expression | None:
    """Read a threshold's expression; None when it is none."""
    match = _EXPRESSION.match(text)
    if match is None:
        return None
    return Expression(match[1], match[2], float(match[3]))


class Threshold(Frozen):
    """A k6 threshold: an expression such as `p(95)<800`; a bare text is the expression.

    Without a sample it isn't met, and one on what can't occur in the scenario is refused.
    """

    BARE: ClassVar[dict[str, Any] | None] = {"type": "string"}

    threshold: str
    abort_on_fail: bool = Field(default=False, alias="abortOnFail")
    delay_abort_eval: DurationOrZero | None = Field(default=None, alias="delayAbortEval")

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, data: Any) -> Any:
        """Take a bare text for the expression."""
        return {"threshold": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _is_one(self) -> Threshold:
        if parse_expression(self.threshold) is None:
            raise ValueError(
                f"{self.threshold!r} is not a valid k6 threshold: "
                "write p(95)<800, rate<0.05 or count<10"
            )
        return self

    def for_k6(self) -> str | dict[str, Any]:
        """Return it in k6's form."""
        if not self.abort_on_fail:
            return self.threshold
        given: dict[str, Any] = {"threshold": self.threshold, "abortOnFail": True}
        if self.delay_abort_eval is not None:
            given["delayAbortEval"] = format_duration(self.delay_abort_eval)
        return given


def complaint(metric: str, expressions: tuple[Threshold, ...], known: Mapping[str, str]) -> str:
    """Say why k6 would refuse these thresholds, empty when it wouldn't; `known`: types by name."""
    match = _METRIC.match(metric)
    if not match:
        return f"{metric!r} is not a valid metric: write a name, or name{{tag:value}}"
    kind = known.get(match[1])
    if kind is None:
        return f"there is no metric {match[1]!r}. {suggestion(match[1], known)}"
    for entry in expressions:
        found = parse_expression(entry.threshold)
        method = found.statistic.split("(")[0] if found else ""
        if method not in _METHODS[kind]:
            allowed = ", ".join("p(N)" if name == "p" else name for name in _METHODS[kind])
            return f"{match[1]} is a {kind}: a threshold on it takes {allowed}, not {method}"
    return ""

"""Faults on request: one line in a table each, and the dice that pick them."""

from __future__ import annotations

# The table reads best with one line a fault, however long.
# ruff: noqa: E501
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Any

from janbench.errors import ConfigError
from janbench.server.generation.prose import HTML


class Hits(Enum):
    """Which requests a fault can befall."""

    ANY = auto()
    LOGIN = auto()
    PROTECTED = auto()  # routes that need a token or key
    GENERATION = auto()  # chat and responses, streamed or not
    CHAT = auto()
    STREAM = auto()


class End(Enum):
    """How a generation ends."""

    CLEAN = auto()
    ERROR = auto()  # an error in the body, the way the flavour does it
    NO_DONE = auto()  # the backend's stream ends without its end marker
    RESET = auto()  # TCP reset
    HANG_UP = auto()  # TCP close in the middle of the body
    SILENCE = auto()  # nothing more, until the client leaves or the stream's limit


class Backend(Enum):
    """What the model's server does."""

    UP = auto()
    DOWN = auto()
    REFUSES = auto()  # answers 4xx


@dataclass(frozen=True)
class Fault:
    """One way to misbehave; the defaults are a healthy server's."""

    name: str
    summary: str
    hits: Hits
    end: End = End.CLEAN
    cut: bool = False  # only half of the tokens
    backend: Backend = Backend.UP
    status: int = 0
    ttft_factor: float = 1.0
    ttft_ms_each_active: float = 0.0
    malformed: bool = False
    finish_reason: bool = True
    empty: bool = False
    html: bool = False
    close: bool = False
    commit_fails: bool = False


NONE = Fault("", "", Hits.ANY)

# fmt: off
FAULTS: dict[str, Fault] = {fault.name: fault for fault in (
    Fault("backend-down", "the model's server is unreachable (jan-v2: 200 and an apology)", Hits.GENERATION, backend=Backend.DOWN),
    Fault("backend-4xx", "the model's server answers 4xx, relayed as 200 (jan-v2: with an apology)", Hits.GENERATION, backend=Backend.REFUSES),
    Fault("error-mid-stream", "an error inside the stream after half of the tokens", Hits.STREAM, end=End.ERROR, cut=True),
    Fault("no-done", "the stream ends without its end marker (conversation chat and v2 hang)", Hits.STREAM, end=End.NO_DONE),
    Fault("slow-first-token", "the first token takes 10 times as long", Hits.GENERATION, ttft_factor=10),
    Fault("queue-saturation", "the first token takes 50 ms more for every active generation", Hits.GENERATION, ttft_ms_each_active=50),
    Fault("expired-token", "401 as for an expired token", Hits.PROTECTED, status=401),
    Fault("rate-limit", "429 with Retry-After", Hits.ANY, status=429),
    Fault("http-500", "500 on any route", Hits.ANY, status=500),
    Fault("login-500", "guest login fails (500; 502 on v2)", Hits.LOGIN, status=500),
    Fault("commit-failure", "the database commit fails: 500, or an error after the end of a stream", Hits.ANY, commit_fails=True),
    Fault("malformed-frame", "a frame that isn't JSON in the middle of the stream", Hits.STREAM, malformed=True),
    Fault("reset", "TCP reset in the middle of the body", Hits.GENERATION, end=End.RESET, cut=True),
    Fault("truncated", "the connection closes in the middle of the body", Hits.GENERATION, end=End.HANG_UP, cut=True),
    Fault("stalled", "silence in the middle of the body", Hits.GENERATION, end=End.SILENCE, cut=True),
    Fault("no-finish-reason", "the finish reason is missing", Hits.CHAT, finish_reason=False),
    Fault("no-content", "a reply without any content", Hits.GENERATION, empty=True),
    Fault("html", "every text carries a script tag and quotes", Hits.ANY, html=True),
    Fault("close-after-stream", "the connection closes after a stream although keep-alive was promised", Hits.STREAM, close=True),
)}
# fmt: on


@dataclass(frozen=True)
class FaultRule:
    """A fault and the share of requests (0 to 1) that it befalls."""

    fault: Fault
    rate: float = 1.0


def find_fault(name: str, *, where: str) -> Fault:
    """The fault called `name`; raises ConfigError naming the nearest."""
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(FAULTS)}."
    raise ConfigError(f"unknown fault {name!r}", where=where, hint=hint)


def parse_fault(text: str) -> FaultRule:
    """Read `NAME` or `NAME=RATE`."""
    name, equals, rate = text.partition("=")
    fault = find_fault(name.strip(), where="--fault")
    if not equals:
        return FaultRule(fault)
    try:
        share = float(rate)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(
            f"{text!r}: the rate must be between 0 and 1", where="--fault", hint="E.g. reset=0.05"
        )
    return FaultRule(fault, share)


class FaultDice:
    """Picks at most one fault for each request: the first listed one that hits."""

    def __init__(
        self, rules: Sequence[FaultRule], seed: int, first: int, until: int | None
    ) -> None:
        self._rules = rules
        self._first = first
        self._until = until
        self._rng = Random(f"faults {seed}")

    def pick(self, index: int, kinds: frozenset[Hits]) -> Fault:
        """The fault of the API request number `index`, which `kinds` describe."""
        if index < self._first or (self._until is not None and index >= self._until):
            return NONE
        for rule in self._rules:
            # One draw for each rule that applies, so that a rule's rate isn't another's remainder.
            if rule.fault.hits in kinds and self._rng.random() < rule.rate:
                return rule.fault
        return NONE


_TEXT_KEYS = frozenset(
    ("content", "title", "conversation_title", "error", "message", "version", "owned_by", "value", "description", "text",
     "delta", "name", "username", "reasoning_content", "output", "summary")
)  # fmt: skip


def with_html(value: Any) -> Any:
    """`value` with HTML appended to every string that is meant for people."""
    if isinstance(value, dict):
        return {
            key: f"{item} {HTML}"
            if isinstance(item, str) and key in _TEXT_KEYS
            else with_html(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_html(item) for item in value]
    return value

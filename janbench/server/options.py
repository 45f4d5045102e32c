"""What `janbench serve` was asked for, checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from janbench.errors import ConfigError
from janbench.server.faults import FaultRule
from janbench.server.generation.distributions import RandomVariable

JAN_DEFAULT_KEY = "sk-embedded"
FLAVOURS = ("jan-v1", "jan-v1-main", "jan-v2", "jan-v2-0.2", "openai")


def _fixed(value: float) -> RandomVariable:
    return RandomVariable("fixed", (value,))


@dataclass(frozen=True)
class ServerOptions:
    """The options of the embedded server; delays in milliseconds unless named otherwise."""

    host: str = "127.0.0.1"
    port: int = 8787
    flavour: str = "jan-v1"
    models: tuple[str, ...] = ("jan-v1-4b",)
    seed: int = 0
    ttft_ms: RandomVariable = field(default_factory=lambda: _fixed(200))
    itl_ms: RandomVariable = field(default_factory=lambda: _fixed(20))
    tokens: RandomVariable = field(default_factory=lambda: _fixed(64))
    reasoning_tokens: RandomVariable = field(default_factory=lambda: _fixed(0))
    finalize_ms: RandomVariable = field(default_factory=lambda: _fixed(0))
    slots: int = 0
    slowdown: float = 0.0
    stream_limit_s: float | None = None  # None: as the imitated server has it
    rate_limit: int = 0
    api_key: str | None = None
    token_ttl_s: int = 900
    server_version: str = "v0.0.12-embedded"
    queue_header: bool = False
    faults: tuple[FaultRule, ...] = ()
    fault_from: int = 0
    fault_until: int | None = None
    allow_fault_header: bool = False
    truth_limit: int = 200_000

    def __post_init__(self) -> None:
        """Raise ConfigError for what can't work."""
        _check(0 <= self.port <= 65535, "--port", f"{self.port} isn't between 0 and 65535")
        _check(
            self.flavour in FLAVOURS,
            "--flavour",
            f"unknown flavour {self.flavour!r}: one of {', '.join(FLAVOURS)}",
        )
        _check(bool(self.models) and all(self.models), "--model", "a model's name can't be empty")
        _check(self.slots >= 0, "--slots", "0 (no limit) or more")
        _check(self.slowdown >= 0, "--slowdown", "0 or more")
        limit = self.stream_limit_s
        _check(limit is None or limit > 0, "--stream-limit", "more than 0 seconds")
        _check(self.rate_limit >= 0, "--rate-limit", "0 (no limit) or more")
        _check(self.token_ttl_s >= 1, "--token-ttl", "at least 1 second")
        _check(self.api_key != "", "--api-key", "a key can't be empty")
        _check(self.truth_limit >= 1, "--truth-limit", "at least 1 row")
        _check(self.fault_from >= 0, "--fault-from", "0 or more")
        if self.fault_until is not None:
            _check(
                self.fault_until > self.fault_from, "--fault-until", "must be above --fault-from"
            )


def _check(ok: bool, where: str, message: str) -> None:
    if not ok:
        raise ConfigError(message, where=where)

"""What the pipeline hands to an engine, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One script to execute by one k6.

    `folder` holds the script and everything that it opens. `environment` is the whole environment
    of k6: it carries the secrets, which is why they stand in no argument. `secrets` lists the
    values that must not appear in `log`. `samples` is where an instance writes every sample of its
    metrics, which the merged result needs; None for the only one.

    An engine on other machines leaves `environment` here: `variables` are what janbench decided
    itself, no secret among them, `secret_names` are variables whose values it must get elsewhere,
    `target` is the API's base URL, and `timed` tells whether a timing
    proxy belongs before it.
    """

    name: str
    folder: Path
    script: Path
    summary: Path
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    samples: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    target: str = ""
    timed: bool = False


@dataclass(frozen=True)
class Outcome:
    """How the execution ended.

    `exit_code` is k6's own (negative: killed by that signal). `exceptions` counts the iterations
    that threw, which k6 itself takes for success; `errors` are the last error lines of its log.
    `cut`: it was stopped because another instance had ended the run. `began` is when it started its
    load, in seconds since 1970, None when that isn't known. `lost` says what of its results is
    missing; empty for nothing. `broken` says what failed beside k6 while the load ran: requests
    that failed then say nothing of the target.
    """

    exit_code: int
    duration_s: float
    interrupted: bool = False
    cpu_s: float | None = None
    exceptions: int = 0
    errors: tuple[str, ...] = ()
    cut: bool = False
    began: float | None = None
    lost: str = ""
    broken: str = ""


@dataclass(frozen=True)
class Progress:
    """A glance at a running script; None for what isn't known (yet).

    `requests_per_s` is over the last second; TTFT and tokens per second over the last 10 s;
    `errors` counts all failed requests by class.
    """

    elapsed_s: float
    vus: int | None = None
    iterations: int | None = None
    dropped: int | None = None
    requests: int | None = None
    requests_per_s: float | None = None
    failed: int | None = None
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None
    tokens_per_s: float | None = None
    iterations_per_s: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Watcher:
    """Callbacks of a running job: `progress` about once a second, `line` for each log line."""

    progress: Callable[[Progress], None]
    line: Callable[[str], None]

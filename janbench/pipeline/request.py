"""What the user asked of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from janbench.config.settings import Flags
from janbench.config.untrusted import Untrusted
from janbench.model.cluster import ClusterOptions
from janbench.model.limits import ValidityLimits

TimingChoice = Literal["auto", "proxy", "direct"]


@dataclass(frozen=True)
class RunRequest:
    """The arguments of `janbench run`, and the environment under them.

    `pairs` are the variables that were set for this run alone; `environment` holds them, too.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    scenario_file: str | None = None
    overrides: tuple[str, ...] = ()
    flags: Flags = field(default_factory=Flags)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    pairs: Mapping[str, str] = field(default_factory=dict, repr=False)
    engine: str = "auto"
    instances: int = 1
    k6: str | None = None
    image: str | None = None
    cpus: float | None = None
    memory: str | None = None
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    timing: TimingChoice = "auto"
    results: Path = Path("results")
    demo: bool = False
    skip_preflight: bool = False
    testid: str | None = None
    limits: ValidityLimits = field(default_factory=ValidityLimits)
    proxy_workers: int = 1
    max_response: int = 64 << 20
    insecure: bool = False
    ca_file: Path | None = None
    prometheus: str | None = None
    native_histograms: bool = False
    otel: str | None = None
    trace: bool = False
    dashboard: bool = False
    untrusted: Untrusted | None = None
    interleave: tuple[str, str] | None = None
    command: tuple[str, ...] = ()

"""What every engine offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from janbench.model.cluster import ClusterOptions
from janbench.model.job import Job, Outcome, Watcher
from janbench.model.results.result import EngineInfo


@dataclass(frozen=True)
class EngineOptions:
    """What the user said about the engine; `environment` is where programs are looked up.

    `image`, `cpus` and `memory` (`512m`) are for containers, `cluster` is for Kubernetes. `notice`
    hears of what takes long before the script starts, such as the pull of an image, and of what is
    left behind.
    """

    k6: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    image: str | None = None
    cpus: float | None = None
    memory: str | None = None
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    notice: Callable[[str], None] = field(default=lambda _: None, repr=False)


class Engine(Protocol):
    """Executes scripts, one after the other.

    `splits`: whether it can share a load over several k6 processes (instances). `remote`: k6
    runs on other machines. The engine then starts the timing proxies there itself, and the target
    is what those machines see.
    """

    @property
    def info(self) -> EngineInfo:
        """Name and version."""

    splits: ClassVar[bool]
    remote: ClassVar[bool]

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> list[Outcome]:
        """Execute a script to its end; gives the outcome of each job.

        The jobs are instances of the same script: each takes its share of the load, and they start
        together. A KeyboardInterrupt ends them in an orderly way, keeps the summaries, and shows
        in the outcomes. Raises EngineError when the script could not be started.
        """

    def close(self) -> None:
        """Let go of what it holds, when the run is over."""

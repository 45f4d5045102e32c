"""What every engine offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from janbench.model.job import Job, Outcome, Watcher
from janbench.model.result import EngineInfo


@dataclass(frozen=True)
class EngineOptions:
    """What the user said about the engine; `environment` is where programs are looked up.

    `image`, `cpus` and `memory` (`512m`) are for containers. `notice` hears of what takes long
    before the script starts, such as the pull of an image.
    """

    k6: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    image: str | None = None
    cpus: float | None = None
    memory: str | None = None
    notice: Callable[[str], None] = field(default=lambda _: None, repr=False)


class Engine(Protocol):
    """Executes scripts, one after the other."""

    @property
    def info(self) -> EngineInfo:
        """Name and version."""

    def run(self, job: Job, watcher: Watcher) -> Outcome:
        """Execute a script to its end.

        A KeyboardInterrupt ends it in an orderly way, keeps the summary, and is told in the
        outcome. Raises EngineError when the script could not be started.
        """

    def close(self) -> None:
        """Let go of what it holds, when the run is over."""

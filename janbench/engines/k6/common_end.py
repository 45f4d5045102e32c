"""When the instances that share a load end together."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from janbench.engines.k6.log import ABORTED
from janbench.model.k6_exit import THRESHOLDS_CROSSED

# A threshold is judged every 2 s: the others are about to see what one has seen, and an orderly end
# of their own is better than an interrupt that comes while they write their summaries.
_OWN_END_S = 5.0


class Instance(Protocol):
    """One of them, as far as their common end goes."""

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than by its own load or a threshold."""

    @property
    def errors(self) -> Iterable[str]:
        """The last error lines of its log."""


def is_failure(code: int | None) -> bool:
    """Whether k6 ended (None: it runs) in another way than with a result."""
    return code not in (None, 0, THRESHOLDS_CROSSED)


def ends_the_run(instance: Instance) -> bool:
    """Whether it failed, or aborted the test: then there is no use in going on."""
    return instance.failed or any(ABORTED in line for line in instance.errors)


class CommonEnd:
    """When one fails, the others end at once; when one aborts the test, after a moment."""

    def __init__(self) -> None:
        self._at: float | None = None

    def is_due(self, instances: Iterable[Instance]) -> bool:
        """Whether those that still run are to be stopped now."""
        ending = [instance for instance in instances if ends_the_run(instance)]
        if self._at is None and ending:
            failed = any(instance.failed for instance in ending)
            self._at = time.monotonic() + (0 if failed else _OWN_END_S)
        return self._at is not None and time.monotonic() >= self._at

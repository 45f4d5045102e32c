"""A container's log, followed to its end whatever happens to the connection."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

from janbench.engines.kubernetes.api import ForbiddenError, GoneError
from janbench.errors import EngineError

_AGAIN_S = 0.5
_TRIES_AFTER_END = 20
_REFUSALS = 5  # in a row: an API server that was just restarted refuses for a moment
_STAMP = re.compile(r"([\dT:-]{19})(?:\.(\d+))?")

# Gives the lines of the log from its beginning, with their times; True: go on to its end.
Open = Callable[[bool], Iterator[bytes]]


class LogFollower:
    """Reads a log in a thread and gives each line once.

    A connection that breaks off is made anew: what was seen before is known by its time. Once the
    container has ended (`container_ended`), a whole reading that nothing interrupts is the last.
    """

    def __init__(self, open_log: Open, take: Callable[[str], None]) -> None:
        self.problem: EngineError | None = None
        self._open = open_log
        self._take = take
        self._over = threading.Event()
        self._left = threading.Event()
        self._pod_gone = threading.Event()
        self._last = ("", "")  # the time of the last line: to the second, and the fraction
        self._at_last = 0  # lines with that very time
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return not self._thread.is_alive()

    @property
    def denied(self) -> ForbiddenError | None:
        """The refusal to read this log, once it has been repeated often enough to be meant."""
        meant = isinstance(self.problem, ForbiddenError) and self.ended
        return self.problem if meant and isinstance(self.problem, ForbiddenError) else None

    def container_ended(self) -> None:
        """Tell that nothing more is written to the log."""
        self._over.set()

    def pod_gone(self) -> None:
        """Tell that the pod is no longer listed: its log can't be had any more."""
        self._pod_gone.set()
        self._over.set()

    def leave(self) -> None:
        """Return no line any more."""
        self._left.set()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end of the log."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        follow, tries, refused = True, 0, 0
        while not self._left.is_set() and tries < _TRIES_AFTER_END:
            over = self._over.is_set()
            try:
                self._read(follow and not over)
            except GoneError:
                # A kubelet that was restarted knows no log for a second; a pod that has gone does
                # not come back.
                if self._pod_gone.is_set():
                    return
                tries += over
            except EngineError as error:
                self.problem = error
                refused = refused + 1 if isinstance(error, ForbiddenError) else 0
                if refused == _REFUSALS:
                    return
                tries += over
                follow = not follow  # some connections are cut whenever they last
            else:
                self.problem, follow, refused = None, True, 0
                if over:
                    return
            (self._left if over else self._over).wait(_AGAIN_S)

    def _read(self, follow: bool) -> None:
        seen_at_last = 0
        for raw in self._open(follow):
            if self._left.is_set():
                return
            stamp, _, text = raw.decode("utf-8", "replace").partition(" ")
            at = _sortable(stamp)
            if at < self._last:
                continue
            if at == self._last:
                seen_at_last += 1
                if seen_at_last <= self._at_last:
                    continue
                self._at_last += 1
            else:
                self._last, self._at_last = at, 1
                seen_at_last = 1
            self._take(text.rstrip("\r"))


def _sortable(stamp: str) -> tuple[str, str]:
    """Split `2026-11-25T05:10:31.12Z`, whose fraction may lack its last zeros.

    The zone, `Z` or `+01:00`, is the same for all lines of a log.
    """
    found = _STAMP.match(stamp)
    return (found[1], (found[2] or "").ljust(9, "0")) if found else (stamp, "")

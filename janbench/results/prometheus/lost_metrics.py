"""Did k6's pushes to Prometheus arrive? k6 only logs that they didn't, and exits as if they had."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from janbench.model.results.result import Reason

_FAILED = "Failed to send the time series data to the endpoint"
_LATE = re.compile(r"flushed time series to remote write endpoint but it took ([^ ]+) while")
# k6's plain log has no cause; its other formats do.
_CAUSE = (re.compile(r'\berror="((?:[^"\\]|\\.)*)"'), re.compile(r'"error":"((?:[^"\\]|\\.)*)"'))
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def metrics_lost(
    lines: Iterable[str], diagnose: Callable[[], str] = lambda: "", address: str = ""
) -> Reason | None:
    """Say what k6's log tells of lost or late pushes, None when all of them arrived in time.

    `diagnose` is asked for the cause when the log doesn't tell it (for example by pushing once
    more); `address` names the receiver in the message. The reason's `value` counts failed pushes.
    """
    failed, slowest, cause = 0, 0.0, ""
    for line in lines:
        if _FAILED in line:
            failed += 1
            cause = cause or _cause(line)
        elif late := _LATE.search(line):
            slowest = max(slowest, _seconds(late[1]))
    if not failed and not slowest:
        return None
    place = f"Prometheus at {address}" if address else "Prometheus"
    if not failed:
        return Reason(
            kind="metrics_lost",
            message=f"{place} took up to {slowest:.1f} s for a push, longer than the push "
            "interval: samples of this run are late or missing there",
            value=0,
        )
    why = cause or diagnose() or (f"slow, up to {slowest:.1f} s" if slowest else "cause unknown")
    pushes = "push" if failed == 1 else "pushes"
    return Reason(
        kind="metrics_lost",
        message=f"{failed} {pushes} to {place} failed ({why}): the graphs of this run have gaps or "
        "are empty; the figures in this result don't depend on them",
        value=failed,
    )


def _cause(line: str) -> str:
    found = next((match for pattern in _CAUSE if (match := pattern.search(line))), None)
    return found[1].replace('\\"', '"') if found else ""


def _seconds(duration: str) -> float:
    """Read a duration as Go prints it: `3.001s`, `1m2.5s`, `850ms`."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", duration)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)

"""What differs between Linux, macOS and Windows, and what a proxy asks of each."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import ctypes
else:
    import resource

_PRIORITY = -10

_FILES = (65_536, 10_240)
"""What to ask for where the hard limit is refused: macOS calls it infinite, and grants its
OPEN_MAX, the second."""


def ask_for_priority() -> None:
    """Run before the load generator when both want a core, if the system lets us (root does).

    A timestamp is only as good as the moment at which its taker gets to run.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)


def ask_for_fine_timers() -> None:
    """Let timers run to the millisecond where the system's own step is 15.6 ms: on Windows."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            ctypes.WinDLL("winmm").timeBeginPeriod(1)


def allow_many_connections() -> None:
    """Raise the limit of open files as far as it goes: each stream in flight takes two."""
    if sys.platform == "win32":
        return  # there is none
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, *_FILES):
        if 0 <= wanted <= soft:
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return


def peak_rss_mb() -> float:
    """Return this process's peak resident memory in MB (2**20 bytes); 0 where unknown.

    Linux's VmHWM, because getrusage's figure includes what the parent had before exec.
    """
    if sys.platform == "win32":
        return 0.0
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 1024
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

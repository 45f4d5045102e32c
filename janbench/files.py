"""Files that appear in one piece: a reader sees the old one or the new one."""

from __future__ import annotations

import time
from pathlib import Path


def replace_file(partial: Path, target: Path, *, tries: int, every_s: float) -> None:
    """Put one file in the place of another.

    Windows replaces no file that somebody has open: there it tries again, and raises
    PermissionError when the last try fails, too.
    """
    for left in reversed(range(tries)):
        try:
            partial.replace(target)
        except PermissionError:
            if not left:
                raise
            time.sleep(every_s)
        else:
            return

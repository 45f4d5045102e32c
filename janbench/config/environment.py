"""The environment and `.env`: the only module that looks at either."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from janbench.errors import ConfigError

# Signs the timing proxy's reports to the script, anew for each run.
TAIL_KEY = "JANBENCH_TAIL_SECRET"
# k6 takes any of its options from the environment, where it changes what is offered (K6_RPS), what
# is judged (K6_NO_THRESHOLDS) or what is left of a run (K6_NO_SUMMARY). These do none of it.
_HARMLESS = {
    "K6_PROMETHEUS_RW_": "where metrics go; read by janbench, too",
    "K6_OTEL_": "where metrics go",
    "K6_WEB_DASHBOARD": "shows a run while it goes on",
    "K6_BROWSER_": "how a hand-written script's browser starts",
    "K6_IMAGE": "janbench's own: the image of the Docker engine",
}


def read_environment(env_file: Path | None = None) -> dict[str, str]:
    """Return the process environment over the values of `.env` (as data: no shell reads it).

    A variable that is set but empty in the environment counts as set. Raises ConfigError when an
    existing `.env` can't be read.
    """
    path = env_file or Path(".env")
    return {**_file_values(path), **os.environ}


def _file_values(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8 text", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", where=str(path)) from None
    return {key: value for key, value in values.items() if value is not None}


def for_k6(environment: Mapping[str, str], resolved: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of k6: everything there is, less what would change the test."""
    left_out = kept_from_k6(environment)
    kept = {key: value for key, value in environment.items() if key not in left_out}
    return {**kept, **resolved}


def kept_from_k6(environment: Mapping[str, str]) -> list[str]:
    """Name the variables that `for_k6` leaves out: k6's own, but for those known to be harmless."""
    return sorted(
        key
        for key in environment
        if key.upper().startswith("K6_") and not key.upper().startswith(tuple(_HARMLESS))
    )

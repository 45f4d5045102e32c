"""k6's command line, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TREND_STATS = "avg,min,med,max,p(90),p(95),p(99),count"
OLDEST = (1, 1)
# The options in the user's own configuration of k6 (`rps`, for one) would change the load.
_NO_OPTIONS = Path(__file__).with_name("no_options.json")
WITHOUT_USER_OPTIONS = ("--config", str(_NO_OPTIONS))


def run_arguments(
    script: str,
    summary: str,
    address: str,
    tags: Mapping[str, str],
    extra: tuple[str, ...] = (),
) -> list[str]:
    """Return the arguments of `k6 run`; no secret among them, since a process list shows them."""
    arguments = ["run", "--no-usage-report", "--no-color", "--quiet", "--log-format", "json"]
    arguments += ["--address", address, "--summary-export", summary]
    arguments += ["--summary-trend-stats", TREND_STATS]
    for name, value in tags.items():
        arguments += ["--tag", f"{name}={value}"]
    return [*arguments, *extra, script]


def segment_arguments(number: int, of: int) -> tuple[str, ...]:
    """Return the arguments for instance `number` (from 1) of `of`: its equal share of the load."""
    points = ["0", *(f"{place}/{of}" for place in range(1, of)), "1"]
    segment = f"{points[number - 1]}:{points[number]}"
    sequence = ",".join(points)
    return ("--execution-segment", segment, "--execution-segment-sequence", sequence)


def parse_version(text: str) -> tuple[int, ...]:
    """Read the version out of `k6 version` (`k6 v1.1.0 (...)`); empty when it isn't there."""
    for word in text.split():
        bare = word.removeprefix("v")
        if bare[:1].isdigit() and "." in bare:
            digits = bare.split("-")[0].split("+")[0].split(".")
            if all(part.isdigit() for part in digits):
                return tuple(int(part) for part in digits)
    return ()

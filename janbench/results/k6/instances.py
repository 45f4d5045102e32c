"""What several k6 processes left behind, put together as if one had run the whole load."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from janbench.model.job import Outcome
from janbench.model.k6_exit import THRESHOLDS_CROSSED
from janbench.results.k6.merge import merge_summaries
from janbench.results.k6.samples import FILE
from janbench.results.k6.summary import K6Summary, read_summary, write_summary
from janbench.results.records.reader import read_proxy_stats

SUMMARY = "summary.json"
LOG = "k6.log"


@dataclass(frozen=True)
class Gathered:
    """The outcome and summary of a whole, what its timing proxies say, and what was lost of it.

    `start_skew_s`: how far apart the instances began; None for one, or when it isn't known.
    """

    outcome: Outcome
    summary: K6Summary | None
    proxy_stats: dict[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    start_skew_s: float | None = None


def instance_folders(folder: Path, count: int) -> list[Path]:
    """Make a folder for each instance; the only one has the scenario's own."""
    if count == 1:
        return [folder]
    places = [folder / "instances" / str(number) for number in range(1, count + 1)]
    for place in places:
        place.mkdir(parents=True)
    return places


def gather(places: Sequence[Path], outcomes: Sequence[Outcome], folder: Path) -> Gathered:
    """Put the instances' results together; their summaries are merged into `folder`.

    `places` are the folders of the instances, which is `folder` itself when there is one.
    """
    stats = _worst([read_proxy_stats(place) for place in places])
    if len(places) == 1:
        lost_here = outcomes[0].lost
        losses = (f"Lost: {lost_here}",) if lost_here else ()
        return Gathered(outcomes[0], read_summary(folder / SUMMARY), stats, losses)
    found = [(place, read_summary(place / SUMMARY)) for place in places]
    kept = [(place, summary) for place, summary in found if summary is not None]
    lost: list[str] = []
    summary = None
    if kept:
        summary, missing = merge_summaries([s for _, s in kept], [p / FILE for p, _ in kept])
        write_summary(summary, folder / SUMMARY)
        lost += [f"Lost: {missing}; these figures are left out."] if missing else []
    lost += [
        f"Lost of instance {number} of {len(places)}: {one.lost}"
        for number, one in enumerate(outcomes, 1)
        if one.lost
    ]
    lost += [
        f"Lost of instance {number} of {len(places)}: k6's summary."
        for number, (_, one) in enumerate(found, 1)
        if one is None
    ]
    _join_logs(places, folder / LOG)
    for place in places:
        (place / FILE).unlink(missing_ok=True)
    began = [one.began for one in outcomes if one.began is not None]
    skew = round(max(began) - min(began), 3) if len(began) == len(places) else None
    return Gathered(_whole(outcomes, summary), summary, stats, tuple(lost), skew)


def _whole(outcomes: Sequence[Outcome], summary: K6Summary | None) -> Outcome:
    """Return the outcome of all: the first one that failed speaks, else the merged thresholds."""
    failed = [
        (number, one)
        for number, one in enumerate(outcomes, 1)
        if not one.cut and one.exit_code not in (0, THRESHOLDS_CROSSED)
    ]
    crossed = summary is not None and any(summary.crossed.values())
    errors = [
        f"instance {number}: {line}"
        for number, one in enumerate(outcomes, 1)
        if not one.cut
        for line in one.errors
    ]
    code = THRESHOLDS_CROSSED if crossed else 0
    if failed:
        number, one = failed[0]
        code = one.exit_code
        last = one.errors[-1] if one.errors else "it said nothing"
        errors.append(f"instance {number}: {last}")
    broken = [f"instance {n}: {one.broken}" for n, one in enumerate(outcomes, 1) if one.broken]
    used = [one.cpu_s for one in outcomes if one.cpu_s is not None]
    return Outcome(
        code,
        max(one.duration_s for one in outcomes),
        any(one.interrupted for one in outcomes),
        sum(used) if used else None,
        sum(one.exceptions for one in outcomes),
        tuple(errors[-5:]),
        broken="; ".join(broken),
    )


def _worst(stats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the worst that any of the timing proxies says of itself."""

    def most(values: Iterable[Any]) -> Any:
        return max((value for value in values if value is not None), default=None)

    return {
        "clock": "kernel" if all(one.get("clock") == "kernel" for one in stats) else "loop",
        "lag_ms": {"p99": most(one.get("lag_ms", {}).get("p99") for one in stats)},
        "cpu_share": most(one.get("cpu_share") for one in stats),
        "queue_depth_max": most(one.get("queue_depth_max") for one in stats),
    }


def _join_logs(places: Sequence[Path], log: Path) -> None:
    """Put the logs one after the other."""
    with log.open("wb") as whole:
        for number, place in enumerate(places, 1):
            whole.write(f"--- instance {number} ---\n".encode())
            if (place / LOG).exists():
                with (place / LOG).open("rb") as part:
                    shutil.copyfileobj(part, whole)

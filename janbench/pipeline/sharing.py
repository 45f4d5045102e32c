"""Whether a load can be shared by several k6 processes and still be the load that was asked for."""

from __future__ import annotations

from janbench.errors import ConfigError
from janbench.model.load.plan import Lane, Plan
from janbench.model.load.profile import Closed, Scheduled
from janbench.pipeline.selection.case import Case


def check_shareable(case: Case, instances: int) -> None:
    """Raise ConfigError when an instance would get no virtual user for its share of the load.

    k6 then leaves that share out without a word.
    """
    if instances == 1 or case.plan is None:
        return
    if case.plan.single:
        raise ConfigError(
            "a single run is one pass: it can't be split",
            hint="Leave out SINGLE_RUN (or --single), or run one instance.",
        )
    for lane in case.plan.lanes:
        most, what = _shares(case.plan, lane)
        if most < instances:
            raise ConfigError(
                f"{case.info.name}: {instances} instances can't share {most} {what} "
                f"of lane {lane.name}",
                hint=f"Use at most {most} instances, or a larger load.",
            )


def _shares(plan: Plan, lane: Lane) -> tuple[int, str]:
    """Return into how many parts a lane's load can be cut at the most, and what is cut."""
    profile, most = lane.profile, plan.load.max_vus
    if isinstance(profile, Scheduled):
        return min((len(profile.arrivals), "arrivals"), (most, "virtual users (load.max_vus)"))
    if not isinstance(profile, Closed):
        return most, "virtual users (load.max_vus)"
    if profile.iterations is not None and profile.iterations < profile.vus:
        return profile.iterations, "iterations"
    return profile.vus, "virtual users"

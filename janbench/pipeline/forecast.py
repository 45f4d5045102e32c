"""What a run would do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from janbench.pipeline.case import Case, select
from janbench.pipeline.cases import catalogue
from janbench.pipeline.request import RunRequest


def forecast(request: RunRequest) -> Iterator[str]:
    """Give lines that tell each case's target, load and number of requests."""
    listed = catalogue(request.scenario_file)
    selection = select(request, listed, request.environment)
    for case in selection.cases:
        yield from describe(case, demo=request.demo)
    for message in selection.left_out:
        yield f"left out: {message}"


def describe(case: Case, *, demo: bool = False) -> Iterator[str]:
    """Give lines about one case."""
    yield case.subject.name
    where = "the embedded Jan Server" if demo else case.target.base
    yield f"  target   {where} ({case.target.flavour}, {case.target.model})"
    if case.plan is None:
        yield f"  script   {case.script}"
        return
    login = "guest login for each virtual user" if case.plan.guests else "API key or none"
    yield f"  login    {login}; timing {case.subject.timing}"
    if case.plan.single:
        yield f"  load     single run: {len(case.subject.steps)} steps once"
        return
    scenario = case.plan.scenario
    yield f"  load     {case.plan.load.duration_min:g} min in all, ramps included"
    for lane in case.plan.lanes:
        steps = [s for s in scenario.steps if s.lane in (None, lane.name)]
        vus = max(2, math.ceil(lane.rate * scenario.iteration_s(lane.name)))
        requests, most = lane.iterations * len(steps), min(vus * 5, case.plan.load.max_vus)
        yield (
            f"  {lane.name:<9}{lane.rate:g} iterations/s: about {lane.iterations:.0f} iterations, "
            f"{requests:.0f} requests, {vus} to {most} virtual users"
        )

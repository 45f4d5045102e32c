"""What a run would do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from janbench.model.duration import format_duration
from janbench.model.load.arrivals import Trace
from janbench.model.load.plan import Lane, Plan
from janbench.model.load.profile import Closed
from janbench.model.metric import METRICS
from janbench.model.slo import needed_samples
from janbench.model.steps.step import ModelStep
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import Case, select
from janbench.pipeline.selection.catalogue import catalogue
from janbench.render.load import virtual_users
from janbench.render.prompts import expected_tokens, prompt_files

# Resident memory of k6, and of a virtual user that runs (docs/benchmarks.md).
_K6_MB = 50
_USER_MB = 1.4


def forecast(request: RunRequest) -> Iterator[str]:
    """Return lines that tell each case's target, load and number of requests."""
    listed = catalogue(
        request.scenario_file, request.environment, request.overrides, request.untrusted
    )
    selection = select(request, listed, request.environment)
    for case in selection.cases:
        yield from describe(case, demo=request.demo)
    for message in selection.left_out:
        yield f"left out: {message}"


def describe(case: Case, *, demo: bool = False) -> Iterator[str]:
    """Return lines about one case."""
    yield case.info.name
    where = "the embedded Jan Server" if demo else case.target.base
    yield f"  target   {where} ({case.target.flavour}, {case.target.model})"
    if case.plan is None:
        yield f"  script   {case.script}"
        return
    login = "guest login for each virtual user" if case.plan.guests else "API key or none"
    yield f"  login    {login}; timing {case.info.timing}"
    if case.plan.single:
        yield f"  load     single run: {len(case.info.steps)} steps once"
        return
    yield f"  load     {_length(case.plan)}"
    for lane in case.plan.lanes:
        text = f"{lane.name}: {_lane(case.plan, lane)}"
        yield from textwrap.wrap(text, 80, initial_indent="  lane     ", subsequent_indent=" " * 11)
    yield from _memory(case.plan)
    for shape in case.plan.load.shapes().values():
        if isinstance(shape, Trace) and shape.failed:
            yield f"  left out {shape.failed:,} rows of the trace: their requests had failed"
    for note in prompt_files(case.plan.scenario).notes:
        yield from textwrap.wrap(note, 80, initial_indent="  prompts  ", subsequent_indent=" " * 11)
    yield from _budget(case.plan)
    for objective in case.plan.scenario.objectives():
        of = f" (step {objective.step})" if objective.step else ""
        yield f"  slo      {objective.name}{of}"
    yield from _samples(case.plan)


def _memory(plan: Plan) -> Iterator[str]:
    """Say what k6 will take: for users that run, and should every request wait for its timeout."""
    users = [virtual_users(plan.scenario, lane) for lane in plan.lanes]
    begun, most = (_K6_MB + _USER_MB * sum(counts) for counts in zip(*users, strict=True))
    grown = f", up to {most:.0f} MB if the target stops answering" if most > begun else ""
    yield f"  memory   about {begun:.0f} MB for k6{grown}"


def _samples(plan: Plan) -> Iterator[str]:
    """Say which percentiles the load can't show, since too few requests go into them."""
    if any(not lane.iterations for lane in plan.lanes):
        return  # a closed loop: nobody knows how many
    ids = dict(zip(map(id, plan.scenario.leaves), plan.scenario.step_ids(), strict=True))
    for objective in plan.scenario.objectives():
        needed, metric = needed_samples(objective.statistic), METRICS[objective.metric]
        samples = sum(
            lane.iterations * runs
            for lane in plan.lanes
            for step, runs in plan.scenario.expected_visits(lane.name)
            if objective.step in (None, ids[id(step)])
            and (step.model_talk or not objective.model)
            and (not metric.streamed or (isinstance(step, ModelStep) and step.streams))
        )
        if samples < needed and metric.scope == "request":
            text = f"{objective.name} needs {needed} samples, and this load gives "
            text += (
                f"about {samples:.0f}: the run would be invalid. Run longer, or at a higher rate."
                if samples >= 1
                else "none: it will be missed."
            )
            yield from textwrap.wrap(
                text, 80, initial_indent="  samples  ", subsequent_indent=" " * 11
            )


def _length(plan: Plan) -> str:
    load = plan.load
    if not load.shaped:
        length = f"{load.duration_min:g} min in all, ramps included"
    else:
        closed = any(isinstance(lane.profile, Closed) for lane in plan.lanes)
        most = "at most " if closed else ""
        length = f"{most}{format_duration(round(plan.seconds, 1))} in all"
    uncounted = [
        f"{name} {format_duration(seconds)}"
        for name, seconds in (("warm-up", load.warmup), ("cool-down", load.cooldown))
        if seconds
    ]
    return f"{length}; not counted: {', '.join(uncounted)}" if uncounted else length


def _lane(plan: Plan, lane: Lane) -> str:
    scenario = plan.scenario
    vus, most = virtual_users(scenario, lane)
    users = f"{vus} to {most} virtual users" if vus != most else f"{vus} virtual user"
    users += "s" if vus == most != 1 else ""
    if isinstance(lane.profile, Closed) and not lane.iterations:
        return f"{lane.offered}: as many iterations as the target manages, {users}"
    requests = lane.iterations * scenario.requests_of(lane.name)
    taken, given = expected_tokens(scenario, lane.name)
    pace = lane.offered if isinstance(lane.profile, Closed) else f"{lane.rate:g} iterations/s"
    return (
        f"{pace}: about {lane.iterations:.0f} iterations, {requests:.0f} requests, {users}, "
        f"{lane.iterations * taken:.0f} input tokens, at most {lane.iterations * given:.0f} output"
    )


def _budget(plan: Plan) -> Iterator[str]:
    budget = plan.load.budget
    parts = []
    if budget.max_requests is not None:
        parts.append(f"{budget.max_requests} requests")
    if budget.max_tokens_total is not None:
        parts.append(f"{budget.max_tokens_total} tokens")
    if budget.max_duration is not None:
        parts.append(format_duration(budget.max_duration))
    if parts:
        yield f"  budget   at most {', '.join(parts)}"

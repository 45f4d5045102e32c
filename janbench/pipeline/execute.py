"""Executing one case: files into its folder, proxy up, k6 through, results out."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from janbench.config.connecting import trust
from janbench.config.environment import TAIL_KEY, for_k6
from janbench.config.flavours import load_flavours
from janbench.config.settings import flag
from janbench.engines.base import Engine
from janbench.errors import EngineError
from janbench.model.job import Job, Outcome, Watcher
from janbench.model.results.result import ScenarioResult
from janbench.model.text.secret import OWN_VARIABLES, is_secret, secret_values
from janbench.pipeline.companions import companion
from janbench.pipeline.observer import Observer
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import Case, secret_names, variables_of
from janbench.pipeline.telemetry import Telemetry, tags_of
from janbench.render.bundle import bundled
from janbench.render.script import render
from janbench.render.writer import write_file
from janbench.results.assemble import CaseOutput, assemble
from janbench.results.k6.instances import LOG, SUMMARY, gather, instance_folders
from janbench.results.k6.samples import FILE as SAMPLES
from janbench.results.records.live_records import LiveRecords
from janbench.results.records.reader import Records, write_parquet
from janbench.results.verdict import with_losses

SCRIPT = "script.js"


@dataclass(frozen=True)
class RunContext:
    """What all cases of a run share."""

    request: RunRequest
    engine: Engine
    environment: Mapping[str, str]
    source: str
    testid: str
    telemetry: Telemetry
    observer: Observer


def execute(case: Case, folder: Path, context: RunContext) -> ScenarioResult:
    """Run a case in its folder; raises JanbenchError when it could not be started."""
    begun = _begin(case, folder, context.source)
    for note in begun.notes:
        context.observer.notice(note)
    places = instance_folders(folder, context.request.instances)
    if flag({**context.environment, **variables_of(case, context.request)}, "DEBUG"):
        logs = ", ".join(str(place / LOG) for place in places)
        context.observer.notice(f"DEBUG: requests and responses, secrets masked, are in {logs}")
    with _proxies(case, places, context) as proxies:
        jobs = [
            _job(case, place, begun.script, context, proxy)
            for place, proxy in zip(places, proxies, strict=True)
        ]
        recent = LiveRecords(places, context.observer.notice)
        watcher = Watcher(
            lambda seen: context.observer.progress(recent.enrich(seen)), context.observer.line
        )
        try:
            outcomes = context.engine.run(jobs, watcher)
        finally:
            recent.close()
    result = _conclude(case, folder, places, begun, outcomes)
    lost = context.telemetry.lost(folder / LOG)
    return result.model_copy(update={"reasons": [*result.reasons, lost]}) if lost else result


@dataclass(frozen=True)
class _Begun:
    """What is known of a case before its load: see `Script` for `notes` and `asked`."""

    script: Path
    started_at: str
    notes: Sequence[str] = ()
    asked: Mapping[str, float] = field(default_factory=dict)


def _begin(case: Case, folder: Path, source: str) -> _Begun:
    """Write what k6 runs into the case's folder."""
    started_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    if case.script is not None:
        # A hand-written script may open files beside it: it runs where it is.
        shutil.copy(case.script, folder / SCRIPT)
        return _Begun(case.script.resolve(), started_at)
    assert case.plan is not None
    rendered = bundled(render(case.plan.scenario, load_flavours(), source))
    for name, text in rendered.files.items():
        target = folder / (SCRIPT if name == rendered.main else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, text, rendered.modes.get(name))
    return _Begun((folder / SCRIPT).resolve(), started_at, rendered.notes, rendered.asked)


@contextmanager
def _proxies(case: Case, places: list[Path], context: RunContext) -> Iterator[list[dict[str, str]]]:
    """Start a timing proxy for each instance; gives what tells k6 of it."""
    if case.info.timing != "proxy" or context.engine.remote:
        yield [{} for _ in places]
        return
    arguments: list[str | Path] = ["--target", case.target.base]
    arguments += ["--proxy-workers", str(context.request.proxy_workers)]
    arguments += ["--max-response", str(context.request.max_response)]
    if context.request.insecure:
        arguments.append("--insecure-skip-tls-verify")
    trusted = trust(context.request.insecure, context.request.ca_file, context.environment)
    if trusted.ca_file is not None:
        arguments += ["--ca-file", trusted.ca_file]
    # Only a proxy of this run can sign a report that its scripts believe.
    secret = {TAIL_KEY: secrets.token_hex(32)}
    environment = {**context.environment, **secret}
    with ExitStack() as stack:
        yield [
            {
                "JANBENCH_PROXY": stack.enter_context(
                    companion("proxy", [*arguments, "--records", place.resolve()], environment)
                ),
                **secret,
            }
            for place in places
        ]


def _job(
    case: Case, place: Path, script: Path, context: RunContext, proxy: Mapping[str, str]
) -> Job:
    count = context.request.instances
    variables = variables_of(case, context.request)
    if case.info.steps:
        variables["JANBENCH_OBSERVE"] = "true"
    output = context.telemetry.output(context.engine.info)
    environment = for_k6(context.environment, {**variables, **proxy, **output.environment})
    return Job(
        name=case.info.name,
        folder=script.parent,
        script=script,
        summary=(place / SUMMARY).resolve(),
        log=place / LOG,
        environment=environment,
        secrets=secret_values(environment),
        tags=tags_of(case, context.testid).as_tags(),
        arguments=output.arguments,
        samples=(place / SAMPLES).resolve() if count > 1 else None,
        variables={
            name: value
            for name, value in {**variables, **output.environment}.items()
            if not is_secret(name)
        },
        secret_names=(*OWN_VARIABLES, *secret_names(case)),
        target=case.target.base,
        timed=case.info.timing == "proxy",
    )


def _conclude(
    case: Case, folder: Path, places: list[Path], begun: _Begun, outcomes: list[Outcome]
) -> ScenarioResult:
    parquet = folder / "requests.parquet"
    gathered = gather(places, outcomes, folder)
    case_output = CaseOutput(
        case.info,
        gathered.outcome,
        begun.started_at,
        gathered.summary,
        proxy_stats=gathered.proxy_stats,
        cores=os.cpu_count() or 1,
        start_skew_s=gathered.start_skew_s,
        asked_tokens=begun.asked,
    )
    for left in (left for place in places for left in place.glob("*stats.json*")):
        left.unlink()
    lost = list(gathered.lost)
    try:
        recorded = case.info.timing == "proxy" and write_parquet(places, parquet)
    except EngineError as error:
        recorded = False
        lost.insert(0, str(error))
    if not recorded:
        return with_losses(assemble(case_output), lost)
    records = Records(parquet)
    try:
        return with_losses(assemble(replace(case_output, records=records)), lost)
    finally:
        records.close()

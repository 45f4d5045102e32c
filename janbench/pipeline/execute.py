"""Executing one case: files into its folder, proxy up, k6 through, results out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from janbench.config.environment import for_k6, secret_values
from janbench.config.flavours import load_flavours
from janbench.engines.base import Engine
from janbench.errors import EngineError
from janbench.model.job import Job, Outcome, Watcher
from janbench.model.result import Reason, ScenarioResult
from janbench.pipeline.case import Case
from janbench.pipeline.companions import companion
from janbench.pipeline.listener import Listener
from janbench.pipeline.request import RunRequest
from janbench.pipeline.telemetry import Telemetry, tags_of
from janbench.render.script import render
from janbench.results.assemble import Evidence, assemble
from janbench.results.k6_summary import read_summary
from janbench.results.recent import RecentRecords
from janbench.results.records import Records, read_proxy_stats, write_parquet

SCRIPT = "script.js"


@dataclass(frozen=True)
class Stage:
    """What all cases of a run share."""

    request: RunRequest
    engine: Engine
    environment: Mapping[str, str]
    source: str
    testid: str
    telemetry: Telemetry
    listener: Listener


def execute(case: Case, folder: Path, stage: Stage) -> ScenarioResult:
    """Run a case in its folder; raises JanbenchError when it could not be started."""
    started = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    script = _write_files(case, folder, stage.source)
    with _proxy(case, folder, stage.request) as variables:
        job = _job(case, folder, script, stage, variables)
        recent = RecentRecords(folder)
        watcher = Watcher(
            lambda seen: stage.listener.progress(recent.enrich(seen)), stage.listener.line
        )
        try:
            outcome = stage.engine.run(job, watcher)
        finally:
            recent.close()
    result = _conclude(case, folder, started, outcome, job)
    lost = stage.telemetry.lost(job.log)
    return result.model_copy(update={"reasons": [*result.reasons, lost]}) if lost else result


def _write_files(case: Case, folder: Path, source: str) -> Path:
    if case.script is not None:
        # A hand-written script may open files beside it: it runs where it is.
        shutil.copyfile(case.script, folder / SCRIPT)
        return case.script.resolve()
    assert case.plan is not None
    rendered = render(case.plan.scenario, load_flavours(), source)
    for name, text in rendered.files.items():
        target = folder / (SCRIPT if name == rendered.main else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return (folder / SCRIPT).resolve()


@contextmanager
def _proxy(case: Case, folder: Path, request: RunRequest) -> Iterator[dict[str, str]]:
    if case.subject.timing != "proxy":
        yield {}
        return
    arguments: list[str | Path] = ["--target", case.target.base, "--records", folder.resolve()]
    arguments += ["--proxy-workers", str(request.proxy_workers)]
    if request.insecure:
        arguments.append("--insecure-skip-tls-verify")
    with companion("proxy", arguments) as base:
        yield {"JANBENCH_PROXY": base}


def _job(case: Case, folder: Path, script: Path, stage: Stage, variables: Mapping[str, str]) -> Job:
    resolved = {**case.variables, **variables}
    if case.plan is not None:
        resolved["JANBENCH_OBSERVE"] = "true"
    if stage.request.insecure:
        resolved["K6_INSECURE_SKIP_TLS_VERIFY"] = "true"
    output = stage.telemetry.output(stage.engine.info)
    environment = for_k6(stage.environment, {**resolved, **output.environment})
    return Job(
        name=case.subject.name,
        folder=script.parent if case.script is not None else folder.resolve(),
        script=script,
        summary=(folder / "summary.json").resolve(),
        log=folder / "k6.log",
        environment=environment,
        secrets=secret_values(environment),
        tags=tags_of(case, stage.testid).as_tags(),
        arguments=output.arguments,
    )


def _conclude(case: Case, folder: Path, started: str, outcome: Outcome, job: Job) -> ScenarioResult:
    parquet = folder / "requests.parquet"
    evidence = Evidence(
        case.subject,
        outcome,
        started,
        read_summary(job.summary),
        proxy_stats=read_proxy_stats(folder),
        cores=os.cpu_count() or 1,
    )
    for left in (folder / "stats.json", *folder.glob(".stats.json.*")):
        left.unlink(missing_ok=True)
    try:
        recorded = case.subject.timing == "proxy" and write_parquet(folder, parquet)
    except EngineError as error:
        lost = Reason(kind="records_lost", message=str(error))
        result = assemble(evidence)
        verdict = "error" if result.verdict == "pass" else result.verdict
        return result.model_copy(update={"verdict": verdict, "reasons": [lost, *result.reasons]})
    if not recorded:
        return assemble(evidence)
    records = Records(parquet)
    try:
        return assemble(replace(evidence, records=records))
    finally:
        records.close()

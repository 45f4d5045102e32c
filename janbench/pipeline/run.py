"""A whole run, from what was asked to a result on disk, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from janbench import __version__
from janbench.config.connecting import refuse_forward_proxy, trust
from janbench.config.environment import kept_from_k6
from janbench.engines import choose_engine
from janbench.engines.base import Engine, EngineOptions
from janbench.errors import ConfigError, JanbenchError
from janbench.model.results.result import (
    EXIT_CODES,
    Reason,
    RunResult,
    ScenarioResult,
    TargetInfo,
    Verdict,
    worst,
)
from janbench.model.text.foreign import for_all
from janbench.model.text.secret import redactor, secret_values
from janbench.pipeline.companions import companion
from janbench.pipeline.execute import RunContext, execute
from janbench.pipeline.observer import Observer
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import Case, select
from janbench.pipeline.selection.catalogue import catalogue
from janbench.pipeline.sharing import check_shareable
from janbench.pipeline.telemetry import Telemetry, tags_of
from janbench.pipeline.writing import write_reports
from janbench.preflight.target_check import beyond_limit, check_target
from janbench.reports.github import append_step_summary
from janbench.results.run_folder import RunFolder

DEMO_SERVER = ("--port", "0", "--ttft-ms", "120", "--itl-ms", "8", "--tokens", "60")


def run(request: RunRequest, observer: Observer) -> RunResult:
    """Run what was asked and give the result, which is on disk by then.

    Raises ConfigError or EngineError when nothing could be started; after that, every failure and
    every interruption becomes a verdict in `result.json`.
    """
    listed = catalogue(
        request.scenario_file, request.environment, request.overrides, request.untrusted
    )
    with ExitStack() as stack:
        environment = dict(request.environment)
        engine = choose_engine(request.engine, _engine_options(request, observer))
        stack.callback(engine.close)
        if request.demo:
            request, environment = _with_demo_server(request, environment, stack)
        selection = select(request, listed, environment)
        _check_sharing(request, engine, selection.cases)
        _check_remote(request, engine)
        _check_connecting(request, engine, selection.cases, environment)
        telemetry = Telemetry.of(request, environment)
        folder = RunFolder.create(request.results)
        notices = [*selection.left_out, *_left_out_notice({**environment, **request.pairs})]
        notices += telemetry.notices(engine.info, environment)
        for message in notices:
            observer.notice(message)
        run_ = _Run(
            request,
            engine,
            folder,
            selection.cases,
            observer=observer,
            telemetry=telemetry,
        )
        return run_.go(environment, str(listed.source.name))


def _check_sharing(request: RunRequest, engine: Engine, cases: list[Case]) -> None:
    if request.instances > 1 and not engine.splits:
        raise ConfigError(
            f"engine {engine.info.name} runs one k6: --instances goes with --engine local",
            hint="On several machines: janbench k8s run.",
        )
    if request.instances > 1 and request.dashboard:
        raise ConfigError("--dashboard shows one k6: it doesn't go with --instances")
    for case in cases:
        check_shareable(case, request.instances)


def _check_remote(request: RunRequest, engine: Engine) -> None:
    if not engine.remote:
        return
    for given, flag, why in (
        (request.demo, "--demo", "its server is on this machine, where no pod can reach it"),
        (request.dashboard, "--dashboard", "it shows a k6 of this machine"),
        (request.proxy_workers > 1, "--proxy-workers", "use more --instances"),
    ):
        if given:
            raise ConfigError(f"{flag} doesn't go with engine {engine.info.name}: {why}")


def _check_connecting(
    request: RunRequest, engine: Engine, cases: list[Case], environment: Mapping[str, str]
) -> None:
    if engine.remote:
        return
    for case in cases:
        if case.plan is not None:
            refuse_forward_proxy(case.target.base, environment)
        direct = case.info.timing == "direct" and case.target.base.startswith("https:")
        if request.ca_file is not None and engine.info.name == "docker" and direct:
            raise ConfigError(
                f"{case.info.name}: --ca-file doesn't reach the k6 in a container",
                hint="Use --timing proxy or --engine local, or an --image that trusts it.",
            )


def _engine_options(request: RunRequest, observer: Observer) -> EngineOptions:
    return EngineOptions(
        k6=request.k6,
        environment=request.environment,
        image=request.image,
        cpus=request.cpus,
        memory=request.memory,
        cluster=request.cluster,
        notice=observer.notice,
    )


def _with_demo_server(
    request: RunRequest, environment: dict[str, str], stack: ExitStack
) -> tuple[RunRequest, dict[str, str]]:
    flavour = request.flags.flavour or environment.get("FLAVOUR") or "jan-v1"
    model = request.flags.model or environment.get("MODEL") or "jan-v1-4b"
    base = stack.enter_context(
        companion("serve", [*DEMO_SERVER, "--flavour", flavour, "--model", model])
    )
    # A demo is about the embedded server: credentials for another one have no business there.
    kept = {k: v for k, v in environment.items() if k not in ("API_KEY", "LOADTEST_TOKEN")}
    return replace(request, flags=replace(request.flags, base=base)), kept


def _left_out_notice(environment: Mapping[str, str]) -> list[str]:
    names = kept_from_k6(environment)
    if not names:
        return []
    return [f"not passed on to k6, whose load or verdict it could change: {', '.join(names)}"]


class _Run:
    def __init__(
        self,
        request: RunRequest,
        engine: Engine,
        folder: RunFolder,
        cases: list[Case],
        *,
        observer: Observer,
        telemetry: Telemetry,
    ) -> None:
        self.telemetry = telemetry
        self.request = request
        self.engine = engine
        self.folder = folder
        self.cases = cases
        self.observer = observer
        self.started = datetime.now(timezone.utc)
        self.clock = time.monotonic()
        self.results: list[ScenarioResult] = []
        self.testid = request.testid or folder.run_id
        self.trust = trust(request.insecure, request.ca_file, request.environment)
        self.redact = redactor(secret_values({**request.environment, **request.pairs}))

    def go(self, environment: Mapping[str, str], source: str) -> RunResult:
        unfinished = Reason(
            kind="unfinished", message="The run was cut off before it could write its result."
        )
        started = self._result("interrupted", [unfinished])
        self.folder.write(started)
        self.observer.run_started(
            self.folder.run_id, self.folder.path, started.engine, len(self.cases)
        )
        context = RunContext(
            self.request,
            self.engine,
            environment,
            source,
            self.testid,
            self.telemetry,
            self.observer,
        )
        try:
            self._preflight()
            for case in self.cases:
                self._one(case, context)
                if self.results[-1].verdict == "interrupted":
                    break
        except KeyboardInterrupt:
            cut = Reason(kind="interrupted", message="The run was interrupted.")
            result = self._result("interrupted", [cut])
        except JanbenchError as error:
            result = self._result("error", [Reason(kind="target", message=str(error))])
        except Exception as error:
            # A defect of ours: it goes on as one, but not without a result that names it.
            message = f"janbench failed: {type(error).__name__}: {error}"
            self.folder.finish(self._result("error", [Reason(kind="defect", message=message)]))
            raise
        else:
            result = self._result(worst([r.verdict for r in self.results]), [])
        self.folder.finish(result)
        self._tell(result, environment)
        self.observer.run_finished(result, self.folder.path)
        return result

    def _tell(self, result: RunResult, environment: Mapping[str, str]) -> None:
        """Write the reports and push the verdicts; the result is safe whatever happens here."""
        tags = {case.info.name: tags_of(case, self.testid) for case in self.cases}
        problems = [self.telemetry.finished(result, tags)]
        try:
            written = write_reports(result, self.folder.path)
            summary = environment.get("GITHUB_STEP_SUMMARY")
            if summary:
                append_step_summary(written["summary.md"].read_text("utf-8"), Path(summary))
        except (JanbenchError, OSError) as error:
            problems.append(f"the reports could not be written: {error}")
        except KeyboardInterrupt:
            problems.append("the reports were interrupted: 'janbench report' makes them anew")
        for problem in filter(None, problems):
            self.observer.notice(problem)

    def _preflight(self) -> None:
        if self.request.skip_preflight or self.engine.remote:
            return
        seen = set()
        for case in self.cases:
            if case.plan is not None and case.target not in seen:
                trust = self.trust
                found = check_target(case.plan, verify=trust.verify, ca_file=trust.ca_file)
                self._note(beyond_limit(case.plan, found.rate_limit))
                seen.add(case.target)

    def _one(self, case: Case, context: RunContext) -> None:
        self.observer.case_started(case.info, case.plan)
        tags = tags_of(case, self.testid)
        self._note(self.telemetry.started(tags))
        try:
            result = execute(case, self.folder.scenario(case.info.name), context)
        except (JanbenchError, OSError) as error:
            kind = "engine" if isinstance(error, JanbenchError) else "disk"
            reason = Reason(kind=kind, message=str(error))
            result = ScenarioResult(
                name=case.info.name, verdict="error", mode=case.info.mode, reasons=[reason]
            )
        cleaned = for_all(result.model_dump(mode="json"), self.redact)
        result = ScenarioResult.model_validate(cleaned)
        self.results.append(result)
        self._note(self.telemetry.ended(tags, result))
        self.observer.case_finished(result)

    def _note(self, problem: str) -> None:
        if problem:
            self.observer.notice(problem)

    def _result(self, verdict: Verdict, reasons: list[Reason]) -> RunResult:
        target = self.cases[0].target
        return RunResult(
            run_id=self.folder.run_id,
            started_at=self.started.isoformat(timespec="milliseconds"),
            duration_s=round(time.monotonic() - self.clock, 3),
            verdict=verdict,
            exit_code=EXIT_CODES[verdict],
            janbench_version=__version__,
            engine=self.engine.info.model_copy(update={"instances": self.request.instances}),
            target=TargetInfo(base=target.base, flavour=target.flavour, model=target.model),
            testid=self.testid,
            command=list(self.request.command),
            reasons=[r.model_copy(update={"message": self.redact(r.message)}) for r in reasons],
            scenarios=self.results,
        )

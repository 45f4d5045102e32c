"""What a run tells Prometheus, OpenTelemetry and Grafana. None of them can stop it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from janbench import remote_write
from janbench.config.telemetry import grafana, open_telemetry, run_tags
from janbench.config.telemetry import remote_write as remote_write_settings
from janbench.engines.k6.command import parse_version
from janbench.engines.k6.outputs import Output, otel_output, prometheus_output
from janbench.model.results.result import EngineInfo, Reason, RunResult, ScenarioResult
from janbench.model.telemetry import OpenTelemetry, RemoteWrite, RunTags
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import Case
from janbench.preflight.remote_write import check_remote_write
from janbench.reports.annotations import Annotator
from janbench.reports.prometheus import push_result
from janbench.results.prometheus.lost_metrics import metrics_lost

DASHBOARD_PORT = "5665"  # k6's default


@dataclass(frozen=True)
class Telemetry:
    """Where a run's metrics and marks go; each part may be absent."""

    prometheus: RemoteWrite | None
    otel: OpenTelemetry | None
    annotator: Annotator | None
    trace: bool
    dashboard: bool = False

    @classmethod
    def of(cls, request: RunRequest, environment: Mapping[str, str]) -> Telemetry:
        """Read flags and environment; raises ConfigError for what can't be used."""
        native = True if request.native_histograms else None
        place = grafana(environment)
        return cls(
            remote_write_settings(environment, request.prometheus, native),
            open_telemetry(request.otel),
            Annotator(place) if place else None,
            request.trace,
            request.dashboard,
        )

    def notices(self, engine: EngineInfo, environment: Mapping[str, str]) -> list[str]:
        """Say before a run what of this won't work, and where to look."""
        found = []
        if self.prometheus is not None:
            found += check_remote_write(self.prometheus, engine.name, environment)
        if self.dashboard:
            port = environment.get("K6_WEB_DASHBOARD_PORT") or DASHBOARD_PORT
            found.append(f"k6's own dashboard is at http://127.0.0.1:{port} while a case runs")
        return found

    def output(self, engine: EngineInfo) -> Output:
        """Return what to add to k6's command line and environment."""
        outputs = []
        if self.prometheus is not None:
            outputs.append(prometheus_output(self.prometheus))
        if self.otel is not None:
            outputs.append(otel_output(self.otel, parse_version(engine.k6_version)))
        environment = {k: v for output in outputs for k, v in output.environment.items()}
        if self.trace:
            environment["JANBENCH_TRACE"] = "true"
        if self.dashboard:
            environment |= {"K6_WEB_DASHBOARD": "true", "K6_WEB_DASHBOARD_HOST": "127.0.0.1"}
            environment["K6_WEB_DASHBOARD_OPEN"] = "true"
        return Output(tuple(a for output in outputs for a in output.arguments), environment)

    def lost(self, log: Path) -> Reason | None:
        """Say whether metrics were lost on the way to Prometheus, after a case."""
        if self.prometheus is None:
            return None
        target = self.prometheus
        return metrics_lost(_lines(log), lambda: remote_write.push(target, []), target.url)

    def started(self, tags: RunTags) -> str:
        """Mark a case's start; gives the problem, empty without one."""
        return self.annotator.started(tags) if self.annotator else ""

    def ended(self, tags: RunTags, result: ScenarioResult) -> str:
        """Mark a case's end; gives the problem, empty without one."""
        return self.annotator.ended(tags, result) if self.annotator else ""

    def finished(self, result: RunResult, tags: Mapping[str, RunTags]) -> str:
        """Push the verdicts; gives the problem, empty without one."""
        return push_result(self.prometheus, result, tags) if self.prometheus else ""


def tags_of(case: Case, testid: str) -> RunTags:
    """Return the tags of a case's metrics; the passes of a demo have names of their own."""
    test_case = case.info.name
    if case.plan is not None:
        scenario = case.plan.scenario
        suffix = case.info.name.removeprefix(scenario.name)
        test_case = f"{scenario.test_case or scenario.name}{suffix}"
    return run_tags(testid, test_case, case.target.base, case.target.model)


def _lines(log: Path) -> Iterator[str]:
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            yield from lines
    except OSError:
        return

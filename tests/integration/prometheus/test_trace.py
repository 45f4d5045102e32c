"""W3C trace context on the requests of a rendered script."""

from __future__ import annotations

import os
import re
from pathlib import Path

from janbench import process
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.engines import choose_engine
from janbench.engines.base import EngineOptions
from janbench.render.script import render
from janbench.resources import builtin_scenarios
from tests.receivers import Received, receiver

TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-01$")
ANSWER = b'{"access_token": "a", "refresh_token": "r", "expires_in": 900, "data": []}'


def _single_run(folder: Path, **variables: str) -> list[Received]:
    scenario = load_scenarios(builtin_scenarios()).scenarios["test-completion-standard"]
    script = render(scenario, load_flavours(), "scenarios.yaml")
    for name, text in script.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    k6 = choose_engine("local", EngineOptions(environment=os.environ)).info.k6_path
    command = [k6, "run", "--quiet", "--no-usage-report", "--address", "", script.main]
    with receiver(200, ANSWER) as server:
        target = {"BASE": server.url, "SINGLE_RUN": "true", "API_KEY": ""}
        process.run(command, environment={**os.environ, **target, **variables}, folder=folder)
    assert len(server.requests) >= 4
    return server.requests


def test_every_request_has_a_trace_of_its_own(tmp_path: Path) -> None:
    requests = _single_run(tmp_path, JANBENCH_TRACE="true")
    ids = []
    for request in requests:
        match = TRACEPARENT.match(request.headers["traceparent"])
        assert match, request.headers["traceparent"]
        assert match[1] != "0" * 32 and match[2] != "0" * 16
        ids.append(match[1])
    assert len(set(ids)) == len(ids)


def test_without_the_switch_requests_are_as_ever(tmp_path: Path) -> None:
    for request in _single_run(tmp_path):
        assert "traceparent" not in request.headers

"""Scenarios checked from end to end, short of any load."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from janbench.config.environment import for_k6
from janbench.config.flavours import load_flavours
from janbench.engines.base import EngineOptions
from janbench.engines.local.engine import LocalEngine
from janbench.errors import EngineError
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import select
from janbench.pipeline.selection.catalogue import catalogue
from janbench.pipeline.selection.forecast import describe
from janbench.render.script import render
from janbench.render.writer import write_scripts


def validate(request: RunRequest) -> Iterator[str]:
    """Return lines about each valid case; raises ConfigError or EngineError at a bad one."""
    listed = catalogue(
        request.scenario_file, request.environment, request.overrides, request.untrusted
    )
    selection = select(request, listed, request.environment)
    engine = LocalEngine.find(EngineOptions(request.k6, request.environment))
    with tempfile.TemporaryDirectory(prefix="janbench-") as place:
        for case in selection.cases:
            script = case.script
            if case.plan is not None:
                rendered = render(case.plan.scenario, load_flavours(), listed.source.name)
                script = write_scripts([rendered], Path(place))[0]
            assert script is not None
            problem = engine.inspect(script, for_k6(request.environment, case.variables))
            if problem:
                raise EngineError(f"k6 refuses {case.info.name}: {problem}")
            yield from describe(case)
            yield "  valid    k6 loads the script"
    yield from (f"left out: {message}" for message in selection.left_out)

"""One test case of a run: what is executed, and how it was decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from janbench.config.connecting import base_url
from janbench.config.environment import for_k6
from janbench.config.settings import Flags, flag, plan
from janbench.errors import ConfigError
from janbench.model.limits import ValidityLimits
from janbench.model.load.plan import Plan
from janbench.model.results.case_info import CaseInfo
from janbench.model.scenario import Target
from janbench.model.text.references import names_in
from janbench.model.text.secret import OWN_VARIABLES, is_secret
from janbench.pipeline.interleaving.blocks import blocks
from janbench.pipeline.request import RunRequest, TimingChoice
from janbench.pipeline.selection.catalogue import Catalogue
from janbench.pipeline.selection.own_script import steps_of

_FROM_ENVIRONMENT = re.compile(r"__ENV(?:\.|\[['\"])([A-Za-z_]\w*)")
# A demo shows both ways of running, and is over in under a minute.
DEMO_LOAD = {"DURATION_MIN": "0.1", "NONSTREAM_RPS": "2", "STREAM_RPS": "2"}


@dataclass(frozen=True)
class Case:
    """A case with its plan, or with the hand-written script that it is."""

    info: CaseInfo
    target: Target
    variables: Mapping[str, str] = field(repr=False)
    plan: Plan | None = None
    script: Path | None = None


@dataclass(frozen=True)
class Selection:
    """The cases of a run, and why some that were meant to run don't."""

    cases: list[Case]
    left_out: list[str]


def select(request: RunRequest, catalogue: Catalogue, environment: Mapping[str, str]) -> Selection:
    """Decide everything about the cases of a run; raises ConfigError for what can't be run."""
    cases: list[Case] = []
    left_out: list[str] = []
    for name in catalogue.chosen(request.names, request.everything):
        if name in catalogue.scripts and request.interleave is None:
            cases.append(_script_case(name, catalogue.scripts[name], request, environment))
            continue
        if name in catalogue.scripts:
            left_out.append(f"{name}: a hand-written script can't be run in blocks")
            continue
        for suffix, flags, values in _passes(request, environment):
            made = plan(catalogue.scenarios[name], values, flags)
            if made.missing():
                lack = f"{name}: flavour {made.target.flavour} has no {', '.join(made.missing())}"
                if not request.everything:
                    raise ConfigError(lack, hint="Choose another --flavour or test case.")
                left_out.append(lack)
                break
            timing = _timing(request.timing, made)
            info = CaseInfo.of(made, name + suffix, timing, _limits(request))
            variables = {**made.variables(), **_debug(flags)}
            cases.append(Case(info, made.target, variables, plan=made))
    if not cases:
        raise ConfigError("nothing to run", hint="\n".join(left_out))
    return Selection(cases, left_out)


def variables_of(case: Case, request: RunRequest) -> dict[str, str]:
    """Return what the script of a case reads, decided by the user or by janbench."""
    # A hand-written script follows a redirect only where it says so for a request.
    variables = {"K6_MAX_REDIRECTS": "0", **for_k6(request.pairs, case.variables)}
    if request.instances > 1:
        variables["JANBENCH_INSTANCES"] = str(request.instances)
    if request.insecure:
        variables["K6_INSECURE_SKIP_TLS_VERIFY"] = "true"
    if request.ca_file is not None:
        variables["SSL_CERT_FILE"] = str(request.ca_file.resolve())
    return variables


def _passes(
    request: RunRequest, environment: Mapping[str, str]
) -> list[tuple[str, Flags, Mapping[str, str]]]:
    """Return the ways in which each scenario is run, each with the end of its name.

    One, but for blocks of two targets, and for a demo that isn't given a load.
    """
    flags = request.flags
    if request.interleave is not None:
        return [
            (block.suffix, block.flags(flags, environment), environment)
            for block in blocks(*request.interleave)
        ]
    chosen = flags.single is not None or "SINGLE_RUN" in environment
    if not request.demo:
        return [("", flags, environment)]
    load = {**DEMO_LOAD, **{k: v for k, v in environment.items() if v != ""}}
    if chosen or flags.duration is not None:
        return [("", flags, load)]
    return [
        ("-single", replace(flags, single=True), load),
        ("", replace(flags, single=False), load),
    ]


def secret_names(case: Case) -> tuple[str, ...]:
    """Return the variables whose secret values a case sends, beside janbench's own."""
    if case.plan is not None:
        found = set(names_in(case.plan.scenario.model_dump(mode="json")["steps"]))
    else:
        assert case.script is not None
        text = case.script.read_text(encoding="utf-8", errors="replace")
        found = set(_FROM_ENVIRONMENT.findall(text))
    others = (name for name in found - set(OWN_VARIABLES) if name.isupper() and is_secret(name))
    return tuple(sorted(others))


def _timing(choice: TimingChoice, made: Plan) -> Literal["proxy", "direct"]:
    if choice == "auto":
        return "proxy" if made.streams else "direct"
    return choice


def _debug(flags: Flags) -> dict[str, str]:
    # Without the flag the script reads the variable from the environment itself.
    return {} if flags.debug is None else {"DEBUG": str(flags.debug).lower()}


def _limits(request: RunRequest) -> ValidityLimits:
    """Return the limits; in a demo the server shares the machine, so nothing is really measured."""
    if request.demo:
        return request.limits.model_copy(update={"allow_invalid": True})
    return request.limits


def _script_case(
    name: str, script: Path, request: RunRequest, environment: Mapping[str, str]
) -> Case:
    values = {**environment, **request.flags.as_variables()}
    target = Target.model_construct(
        base=base_url(values.get("BASE") or Target().base),
        flavour=values.get("FLAVOUR") or Target().flavour,
        model=values.get("MODEL") or Target().model,
    )
    variables = {
        **request.flags.as_variables(),
        "BASE": target.base,
        "FLAVOUR": target.flavour,
        "MODEL": target.model,
    }
    # A copy of a rendered script, changed by hand, is measured as that was.
    steps = steps_of(script)
    timing: Literal["proxy", "direct"] = (
        "proxy" if steps and request.timing != "direct" else "direct"
    )
    single = bool(steps) and flag(values, "SINGLE_RUN")
    info = CaseInfo(name, "single" if single else "script", timing, steps, limits=_limits(request))
    return Case(info, target, variables, script=script)

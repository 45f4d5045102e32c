"""Compares two runs: every figure that both have, and one verdict over those that gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from janbench.errors import ConfigError
from janbench.model.results.comparison import (
    EXIT_CODES,
    Comparison,
    Effect,
    EffectVerdict,
    RunReference,
    ScenarioComparison,
)
from janbench.model.results.result import RunResult, ScenarioResult
from janbench.results.compare.decide import judge, not_worse
from janbench.results.compare.options import CompareOptions
from janbench.results.compare.resample import (
    STRETCH_AT_MOST,
    scenario_evidence,
    stretch_blocks,
)
from janbench.results.compare.samples import ScenarioSamples
from janbench.results.doubts import OF_FIGURES


@dataclass(frozen=True)
class Side:
    """One of the two runs: its result and its samples by scenario."""

    run: RunResult
    samples: Mapping[str, ScenarioSamples]
    folder: str = ""


def compare(base: Side, head: Side, options: CompareOptions | None = None) -> Comparison:
    """Compare HEAD with BASE, scenario by scenario.

    Raises ConfigError when they have no scenario in common.
    """
    options = options or CompareOptions()
    theirs = {scenario.name: scenario for scenario in base.run.scenarios}
    pairs = [(theirs[s.name], s) for s in head.run.scenarios if s.name in theirs]
    if not pairs:
        raise ConfigError(
            "the two runs have no scenario in common",
            where=f"{base.run.run_id} and {head.run.run_id}",
            hint=f"BASE has {_names(base.run)}; HEAD has {_names(head.run)}.",
        )
    estimate = [
        scenario_evidence(b, base.samples.get(b.name), h, head.samples.get(h.name), options)
        for b, h in pairs
    ]
    # All that gates is one family, whichever scenario it belongs to: the gate is one alarm.
    effects = judge([item for rows in estimate for item in rows])
    scenarios = []
    for (b, h), rows in zip(pairs, estimate, strict=True):
        own, effects = effects[: len(rows)], effects[len(rows) :]
        scenarios.append(_scenario(b, h, own, base, head))
    names = [scenario.name for _, scenario in pairs]
    distrusted = _distrusted(base, head, names)
    if distrusted and not options.allow_invalid:
        verdict: EffectVerdict = "inconclusive"
    else:
        verdict = _overall([effect for scenario in scenarios for effect in scenario.effects])
    return Comparison(
        schema="janbench.comparison/1",
        base=_reference(base, names),
        head=_reference(head, names),
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        scenarios=scenarios,
        warnings=[*distrusted, *_warnings(base.run, head.run)],
    )


def _scenario(
    base: ScenarioResult,
    head: ScenarioResult,
    effects: list[Effect],
    base_side: Side,
    head_side: Side,
) -> ScenarioComparison:
    warnings = []
    rates = [{lane.name: lane.asked_rate for lane in s.lanes} for s in (base, head)]
    if rates[0] != rates[1]:
        warnings.append(f"the load differs: {_load(rates[0])} in BASE, {_load(rates[1])} in HEAD")
    if set(base.steps) != set(head.steps):
        warnings.append("the steps differ: the scenario was changed between the runs")
    stretches = []
    for label, side in (("BASE", base_side), ("HEAD", head_side)):
        samples = side.samples.get(head.name)
        if samples is None:
            continue
        stretches.append(stretch_blocks(samples) * samples.requests.sum() / samples.blocks)
        if samples.stretch > STRETCH_AT_MOST:
            warnings.append(
                f"{label} drifts: requests resemble each other over more than a tenth of the run, "
                "so the intervals may be too narrow; run longer"
            )
    return ScenarioComparison(
        name=head.name,
        effects=effects,
        block_requests=round(max(stretches), 1) if stretches else None,
        warnings=warnings,
    )


def _overall(effects: Sequence[Effect]) -> EffectVerdict:
    gating = [effect for effect in effects if effect.gates]
    if any(effect.verdict == "worse" for effect in gating):
        return "worse"
    # A figure that can't have become worse doesn't hold up the gate, same or better as it may be.
    open_questions = [e for e in gating if e.verdict == "inconclusive" and not not_worse(e)]
    if open_questions or not gating:
        return "inconclusive"
    return "better" if any(effect.verdict == "better" for effect in gating) else "same"


def _distrusted(base: Side, head: Side, names: Sequence[str]) -> list[str]:
    """Say why figures can't be trusted, also of runs whose own doubts were allowed."""
    found = []
    for label, side in (("BASE", base), ("HEAD", head)):
        doubts = _doubts(side.run, names)
        if doubts:
            found += [f"{label} is in doubt: {message}" for message in doubts]
        elif side.run.verdict in ("invalid", "error"):
            found.append(f"{label} is {side.run.verdict}: its figures can't be trusted")
    return found


def _doubts(run: RunResult, names: Sequence[str]) -> list[str]:
    reasons = [r for scenario in run.scenarios if scenario.name in names for r in scenario.reasons]
    return list(dict.fromkeys(r.message for r in reasons if r.kind in OF_FIGURES))


def _warnings(base: RunResult, head: RunResult) -> list[str]:
    warnings = [
        f"{label} was interrupted: it is compared as far as it got"
        for label, run in (("BASE", base), ("HEAD", head))
        if run.verdict == "interrupted"
    ]
    if base.target.model != head.target.model:
        warnings.append(f"the models differ: {base.target.model} and {head.target.model}")
    only = {s.name for s in base.scenarios} ^ {s.name for s in head.scenarios}
    if only:
        warnings.append(f"only one run has {', '.join(sorted(only))}")
    return warnings


def _reference(side: Side, names: Sequence[str]) -> RunReference:
    run = side.run
    return RunReference(
        run_id=run.run_id,
        started_at=run.started_at,
        target=run.target.base,
        model=run.target.model,
        # A run that was allowed its doubts calls itself a pass; a comparison doesn't.
        verdict="invalid" if run.verdict == "pass" and _doubts(run, names) else run.verdict,
        folder=side.folder,
    )


def _names(run: RunResult) -> str:
    return ", ".join(scenario.name for scenario in run.scenarios) or "none"


def _load(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{lane} {rate:g}/s" for lane, rate in rates.items()) or "none"

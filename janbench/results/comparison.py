"""Compares two runs: every figure that both have, and one verdict over those that gate."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from janbench.errors import ConfigError
from janbench.model.comparison import (
    EXIT_CODES,
    Comparison,
    Effect,
    EffectVerdict,
    RunReference,
    ScenarioComparison,
)
from janbench.model.metric import METRICS
from janbench.model.result import RunResult, ScenarioResult
from janbench.results.effects import (
    Evidence,
    Question,
    judge,
    missing_effect,
    not_worse,
    resampled_effect,
    share_effect,
)
from janbench.results.samples import ScenarioSamples
from janbench.results.statistics import Floats, Weights, block_weights, weighted_quantiles

DRAWS = 2000
# A stretch longer than a tenth of the run leaves too few of them to draw from.
_STRETCH_AT_MOST = 0.1
_QUANTILES = {"p50": 0.5, "p95": 0.95}
_LEAST_SAMPLES = {"p50": 30, "p95": 100}
_LATENCIES = ("ttft_ms", "itl_ms", "tpot_ms", "e2e_ms")
_RATES = ("output_tokens_per_s", "requests_per_s")

DEFAULT_MARGINS: Mapping[str, float] = {
    **{f"{metric}.p50": 0.05 for metric in _LATENCIES},
    **{f"{metric}.p95": 0.10 for metric in _LATENCIES},
    "error_rate": 0.01,
    "output_tokens_per_s": 0.05,
    "requests_per_s": 0.05,
}
# Time per token repeats what the gaps say, and throughput is what the schedule asked for: they
# are shown, but asking more questions would cost the gate power for the others.
DEFAULT_GATES = frozenset(
    name
    for name in DEFAULT_MARGINS
    if not name.startswith("tpot_ms") and not name.endswith("per_s")
)


@dataclass(frozen=True)
class CompareOptions:
    """Margins by figure (`ttft_ms.p95`; shares), and the figures that decide the exit code.

    `allow_invalid`: compare runs too that couldn't be trusted.
    """

    margins: Mapping[str, float] = field(default_factory=lambda: DEFAULT_MARGINS)
    gates: frozenset[str] = DEFAULT_GATES
    allow_invalid: bool = False
    draws: int = DRAWS


@dataclass(frozen=True)
class Side:
    """One of the two runs: its result and its samples by scenario."""

    run: RunResult
    samples: Mapping[str, ScenarioSamples]
    folder: str = ""


def figure_names(name: str) -> list[str]:
    """Give the figures that a name on the command line means: `ttft_ms` means all of its own.

    Raises ConfigError for a name that is none.
    """
    if name in DEFAULT_MARGINS:
        return [name]
    found = [figure for figure in DEFAULT_MARGINS if figure.startswith(f"{name}.")]
    if not found:
        raise ConfigError(
            f"unknown figure {name!r}", hint=f"Known: {', '.join(sorted(DEFAULT_MARGINS))}."
        )
    return found


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
    evidence = [
        _scenario_evidence(b, base.samples.get(b.name), h, head.samples.get(h.name), options)
        for b, h in pairs
    ]
    # All that gates is one family, whichever scenario it belongs to: the gate is one alarm.
    effects = judge([item for rows in evidence for item in rows])
    scenarios = []
    for (b, h), rows in zip(pairs, evidence, strict=True):
        own, effects = effects[: len(rows)], effects[len(rows) :]
        scenarios.append(_scenario(b, h, own, base, head))
    distrusted = [] if options.allow_invalid else _distrusted(base, head)
    verdict = "inconclusive" if distrusted else _overall([e for s in scenarios for e in s.effects])
    return Comparison(
        schema="janbench.comparison/1",
        base=_reference(base),
        head=_reference(head),
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        scenarios=scenarios,
        warnings=[*distrusted, *_warnings(base.run, head.run)],
    )


def _scenario_evidence(
    base: ScenarioResult,
    base_samples: ScenarioSamples | None,
    head: ScenarioResult,
    head_samples: ScenarioSamples | None,
    options: CompareOptions,
) -> list[Evidence]:
    if base_samples is None or head_samples is None:
        return list(_summaries_only(base, head, options))
    sides = (base_samples, head_samples)
    # Seeded by the name: the same two runs always give the same answer.
    seed = zlib.crc32(head.name.encode())
    weights = [
        block_weights(
            side.blocks, _stretch(side), options.draws, np.random.default_rng([seed, place])
        )
        for place, side in enumerate(sides)
    ]
    rows: list[Evidence] = []
    for metric in _LATENCIES:
        rows += _latency_evidence(metric, sides, (weights[0], weights[1]), options)
    rows.append(_error_evidence(sides, (weights[0], weights[1]), options))
    rows += _rate_evidence(sides, (weights[0], weights[1]), options)
    return rows


def _latency_evidence(
    metric: str,
    sides: tuple[ScenarioSamples, ScenarioSamples],
    weights: tuple[Weights, Weights],
    options: CompareOptions,
) -> list[Evidence]:
    found = [side.metrics.get(metric) for side in sides]
    if not any(found):
        return []
    questions = [_question(metric, statistic, options) for statistic in _QUANTILES]
    base, head = found
    if base is None or head is None:
        return [
            missing_effect(
                question,
                base.quantile(_QUANTILES[question.statistic]) if base else None,
                head.quantile(_QUANTILES[question.statistic]) if head else None,
                (base.count if base else 0, head.count if head else 0),
                f"{'HEAD' if head is None else 'BASE'} has no sample",
            )
            for question in questions
        ]
    shares = list(_QUANTILES.values())
    drawn = [
        weighted_quantiles(side.grid, side.weights(weight), shares)
        for side, weight in zip((base, head), weights, strict=True)
    ]
    return [
        resampled_effect(
            question,
            base.quantile(share),
            head.quantile(share),
            (base.count, head.count),
            (drawn[0][place], drawn[1][place]),
        )
        for place, (question, share) in enumerate(zip(questions, shares, strict=True))
    ]


def _error_evidence(
    sides: tuple[ScenarioSamples, ScenarioSamples],
    weights: tuple[Weights, Weights],
    options: CompareOptions,
) -> Evidence:
    return share_effect(
        _question("error_rate", "", options),
        (float(sides[0].failed.sum()), float(sides[1].failed.sum())),
        (float(sides[0].requests.sum()), float(sides[1].requests.sum())),
        (
            _ratio(weights[0], sides[0].failed, sides[0].requests),
            _ratio(weights[1], sides[1].failed, sides[1].requests),
        ),
    )


def _rate_evidence(
    sides: tuple[ScenarioSamples, ScenarioSamples],
    weights: tuple[Weights, Weights],
    options: CompareOptions,
) -> list[Evidence]:
    rows = []
    for metric in _RATES:
        sums = [
            side.plateau * (side.tokens if metric == "output_tokens_per_s" else side.requests)
            for side in sides
        ]
        seconds = [side.plateau * side.seconds for side in sides]
        if all(values.any() for values in sums):
            whole = [
                float(values.sum() / time.sum()) for values, time in zip(sums, seconds, strict=True)
            ]
            rows.append(
                resampled_effect(
                    _question(metric, "", options),
                    whole[0],
                    whole[1],
                    (int(sides[0].requests.sum()), int(sides[1].requests.sum())),
                    (
                        _ratio(weights[0], sums[0], seconds[0]),
                        _ratio(weights[1], sums[1], seconds[1]),
                    ),
                )
            )
    return rows


def _summaries_only(
    base: ScenarioResult, head: ScenarioResult, options: CompareOptions
) -> list[Evidence]:
    note = "no records of single requests: the figures can't be judged"
    return [
        missing_effect(
            _question(metric, statistic, options),
            getattr(base.metrics[metric], statistic),
            getattr(head.metrics[metric], statistic),
            (base.metrics[metric].count, head.metrics[metric].count),
            note,
        )
        for metric in _LATENCIES
        if metric in base.metrics and metric in head.metrics
        for statistic in _QUANTILES
    ] or [missing_effect(_question("error_rate", "", options), None, None, (0, 0), note)]


def _ratio(weights: Weights, part: Floats, whole: Floats) -> Floats:
    return np.asarray((weights @ part) / np.maximum(weights @ whole, 1e-12), dtype=np.float64)


def _stretch(side: ScenarioSamples) -> int:
    share = min(side.stretch, _STRETCH_AT_MOST)
    return max(1, min(round(share * side.blocks), side.blocks))


def _question(metric: str, statistic: str, options: CompareOptions) -> Question:
    name = f"{metric}.{statistic}" if statistic else metric
    known = METRICS[metric]
    kind: Literal["relative", "absolute"] = "absolute" if known.unit == "share" else "relative"
    return Question(
        metric=metric,
        statistic=statistic,
        unit=known.unit,
        better=known.better,
        margin=options.margins.get(name, DEFAULT_MARGINS[name]),
        gates=name in options.gates,
        kind=kind,
        least_samples=_LEAST_SAMPLES.get(statistic, 1),
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
        stretches.append(_stretch(samples) * samples.requests.sum() / samples.blocks)
        if samples.stretch > _STRETCH_AT_MOST:
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


def _distrusted(base: Side, head: Side) -> list[str]:
    return [
        f"{label} is {side.run.verdict}: its figures can't be trusted, so nothing is decided"
        for label, side in (("BASE", base), ("HEAD", head))
        if side.run.verdict in ("invalid", "error")
    ]


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


def _reference(side: Side) -> RunReference:
    run = side.run
    return RunReference(
        run_id=run.run_id,
        started_at=run.started_at,
        target=run.target.base,
        model=run.target.model,
        verdict=run.verdict,
        folder=side.folder,
    )


def _names(run: RunResult) -> str:
    return ", ".join(scenario.name for scenario in run.scenarios) or "none"


def _load(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{lane} {rate:g}/s" for lane, rate in rates.items()) or "none"

"""Resamples both runs and gathers what the change of each figure of a scenario rests on."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Literal

import numpy as np

from janbench.model.metric import KEY_METRICS, METRICS
from janbench.model.results.result import ScenarioResult
from janbench.results.compare.decide import (
    Estimate,
    Question,
    missing_effect,
    resampled_effect,
    share_effect,
)
from janbench.results.compare.options import DEFAULT_MARGINS, CompareOptions
from janbench.results.compare.samples import ScenarioSamples
from janbench.results.compare.statistics import Floats, Weights, block_weights, weighted_quantiles

# A stretch longer than a tenth of the run leaves too few of them to draw from.
STRETCH_AT_MOST = 0.1
_QUANTILES = {"p50": 0.5, "p95": 0.95}
_LEAST_SAMPLES = {"p50": 30, "p95": 100}
_RATES = ("output_tokens_per_s", "requests_per_s")


def scenario_evidence(
    base: ScenarioResult,
    base_samples: ScenarioSamples | None,
    head: ScenarioResult,
    head_samples: ScenarioSamples | None,
    options: CompareOptions,
) -> list[Estimate]:
    """Return the estimate for every figure that a scenario of both runs has."""
    if base_samples is None or head_samples is None:
        return list(_summaries_only(base, head, options))
    sides = (base_samples, head_samples)
    # Seeded by the name: the same two runs always give the same answer.
    seed = zlib.crc32(head.name.encode())
    weights = [
        block_weights(
            side.blocks, stretch_blocks(side), options.draws, np.random.default_rng([seed, place])
        )
        for place, side in enumerate(sides)
    ]
    rows: list[Estimate] = []
    for metric in KEY_METRICS:
        rows += _latency_evidence(
            metric, sides, (weights[0], weights[1]), options, generator_lag_ms(base, head)
        )
    rows.append(_error_evidence(sides, (weights[0], weights[1]), options))
    rows += _rate_evidence(sides, (weights[0], weights[1]), options)
    return rows


def _latency_evidence(
    metric: str,
    sides: tuple[ScenarioSamples, ScenarioSamples],
    weights: tuple[Weights, Weights],
    options: CompareOptions,
    lag_ms: float,
) -> list[Estimate]:
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
            _beyond_lag(question, base.quantile(share), lag_ms),
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
) -> Estimate:
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
) -> list[Estimate]:
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
) -> list[Estimate]:
    note = "no records of single requests: the figures can't be judged"
    return [
        missing_effect(
            _question(metric, statistic, options),
            getattr(base.metrics[metric], statistic),
            getattr(head.metrics[metric], statistic),
            (base.metrics[metric].count, head.metrics[metric].count),
            note,
        )
        for metric in KEY_METRICS
        if metric in base.metrics and metric in head.metrics
        for statistic in _QUANTILES
    ] or [missing_effect(_question("error_rate", "", options), None, None, (0, 0), note)]


def _ratio(weights: Weights, part: Floats, whole: Floats) -> Floats:
    return np.asarray((weights @ part) / np.maximum(weights @ whole, 1e-12), dtype=np.float64)


def generator_lag_ms(base: ScenarioResult, head: ScenarioResult) -> float:
    """Return how late the timing proxy came to its work in the worse of two runs, p99."""
    sides = [s.validity for s in (base, head) if s.validity.clock != "kernel"]
    return max((side.proxy_lag_p99_ms or 0.0 for side in sides), default=0.0)


def _beyond_lag(question: Question, base: float, lag_ms: float) -> Question:
    """Note how much of a tail's change the measuring machine itself may have made.

    A proxy that comes late now and then stamps an event late: that moves a p95 and leaves a median
    where it was.
    """
    if question.statistic == "p50" or base <= 0:
        return question
    return replace(question, noise_floor=lag_ms / base)


def stretch_blocks(side: ScenarioSamples) -> int:
    """Return how many blocks are drawn together."""
    share = min(side.stretch, STRETCH_AT_MOST)
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

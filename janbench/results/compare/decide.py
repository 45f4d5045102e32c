"""From resampled figures of both runs to effects with intervals, and to a verdict for each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np

from janbench.model.results.comparison import Effect
from janbench.results.compare.statistics import Floats, holm

ALPHA = 0.05
_Z = NormalDist().inv_cdf(1 - ALPHA / 2)
# Beyond so many further samples, "run longer" is no advice.
_HOPELESS = 5_000_000


@dataclass(frozen=True)
class Question:
    """What is asked of one figure: which way is worse, and how much of it doesn't matter.

    `noise_floor`: a change up to this size may come from the measuring machine: it proves nothing.
    """

    metric: str
    statistic: str
    unit: str
    better: Literal["lower", "higher"]
    margin: float
    gates: bool
    kind: Literal["relative", "absolute"] = "relative"
    least_samples: int = 1
    noise_floor: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """An answer before its verdict: positive `harm` is worse, in the unit of the margin."""

    question: Question
    effect: Effect
    harm: float | None = None
    harm_low: float = math.nan
    harm_high: float = math.nan
    p_worse: float = 1.0
    p_better: float = 1.0

    @property
    def decidable(self) -> bool:
        """Whether there is an interval to judge by."""
        return self.harm is not None


def resampled_effect(
    question: Question,
    base: float,
    head: float,
    samples: tuple[int, int],
    draws: tuple[Floats, Floats],
) -> Estimate:
    """Judge a relative change from the figures of the resamples of each side.

    The interval is the bootstrap's percentile interval of the ratio.
    """
    effect = _effect(question, base, head, samples)
    usable = np.isfinite(draws[0]) & np.isfinite(draws[1]) & (draws[0] > 0)
    if base <= 0 or usable.mean() < 0.9:
        return Estimate(question, replace_note(effect, "BASE is 0: there is no ratio"))
    change = draws[1][usable] / draws[0][usable] - 1
    low, high = (float(np.quantile(change, q)) for q in (ALPHA / 2, 1 - ALPHA / 2))
    return _estimate(
        question,
        effect.model_copy(update={"change": head / base - 1, "low": low, "high": high}),
        at_most_zero=(1 + int(np.count_nonzero(change <= 0))) / (len(change) + 1),
        at_least_zero=(1 + int(np.count_nonzero(change >= 0))) / (len(change) + 1),
    )


def share_effect(
    question: Question,
    hits: tuple[float, float],
    totals: tuple[float, float],
    draws: tuple[Floats, Floats],
) -> Estimate:
    """Judge the difference of two shares.

    The standard error is the bootstrap's, which knows of bursts, or that of Agresti and Caffo
    (2000), which knows that no failure among few requests proves little; whichever is larger.
    """
    base, head = (hit / total for hit, total in zip(hits, totals, strict=True))
    effect = _effect(question, base, head, (int(totals[0]), int(totals[1])))
    shrunk = [(hit + 1) / (total + 2) for hit, total in zip(hits, totals, strict=True)]
    plain = math.sqrt(
        sum(p * (1 - p) / (total + 2) for p, total in zip(shrunk, totals, strict=True))
    )
    error = max(plain, float(np.std(draws[1] - draws[0])))
    centre = shrunk[1] - shrunk[0]
    z = centre / error
    return _estimate(
        question,
        effect.model_copy(
            update={
                "change": head - base,
                "low": min(centre - _Z * error, head - base),
                "high": max(centre + _Z * error, head - base),
            }
        ),
        at_most_zero=NormalDist().cdf(-z),
        at_least_zero=NormalDist().cdf(z),
    )


def missing_effect(
    question: Question, base: float | None, head: float | None, samples: tuple[int, int], note: str
) -> Estimate:
    """Show a figure that can't be judged, with the reason."""
    effect = _effect(question, base, head, samples)
    if base and head is not None and question.kind == "relative":
        effect = effect.model_copy(update={"change": head / base - 1})
    elif base is not None and head is not None and question.kind == "absolute":
        effect = effect.model_copy(update={"change": head - base})
    return Estimate(question, replace_note(effect, note))


def replace_note(effect: Effect, note: str) -> Effect:
    """Return the effect with another note."""
    return effect.model_copy(update={"note": note})


def judge(estimates: list[Estimate]) -> list[Effect]:
    """Return each its verdict, correcting for how many gate together.

    Rows that don't gate are judged as a family of their own.
    """
    verdicts: dict[int, Effect] = {}
    for gates in (True, False):
        family = [i for i, e in enumerate(estimates) if e.question.gates is gates and e.decidable]
        worse = holm([estimates[i].p_worse for i in family])
        better = holm([estimates[i].p_better for i in family])
        for i, p_worse, p_better in zip(family, worse, better, strict=True):
            verdicts[i] = _verdict(estimates[i], p_worse, p_better, len(family))
    return [verdicts.get(i, e.effect) for i, e in enumerate(estimates)]


def not_worse(effect: Effect) -> bool:
    """Tell whether a change for the worse by more than the margin can be ruled out."""
    if effect.low is None or effect.high is None:
        return False
    return (effect.high if effect.better == "lower" else -effect.low) < effect.margin


def _verdict(estimate: Estimate, p_worse: float, p_better: float, family: int) -> Effect:
    effect, margin, harm = estimate.effect, estimate.question.margin, estimate.harm
    assert harm is not None
    p_value = min(p_worse, p_better)
    few = estimate.question.least_samples
    if min(effect.base_samples, effect.head_samples) < few:
        missing = few - min(effect.base_samples, effect.head_samples)
        return effect.model_copy(
            update={
                "note": f"{effect.statistic} needs at least {few} samples on each side",
                "more_samples": missing,
            }
        )
    least_harm = max(margin, estimate.question.noise_floor)
    if p_worse < ALPHA and harm > least_harm:
        return effect.model_copy(update={"verdict": "worse", "p_value": p_value})
    if p_better < ALPHA and -harm > least_harm:
        return effect.model_copy(update={"verdict": "better", "p_value": p_value})
    if -margin < estimate.harm_low and estimate.harm_high < margin:
        return effect.model_copy(update={"verdict": "same", "p_value": p_value})
    if margin < abs(harm) <= least_harm:
        note = "within the timing proxy's own lag: measure on a quieter machine"
        return effect.model_copy(update={"p_value": p_value, "note": note})
    more = _more_samples(estimate, family)
    note = "not worse, may be better" if estimate.harm_high < margin else ""
    if more is None and not note:
        note = "as large as the margin: more samples hardly decide it"
    return effect.model_copy(update={"p_value": p_value, "more_samples": more, "note": note})


def _more_samples(estimate: Estimate, family: int) -> int | None:
    """Tell how many more samples a side would decide, as the interval shrinks with their root."""
    assert estimate.harm is not None
    size, margin = abs(estimate.harm), estimate.question.margin
    error = (estimate.harm_high - estimate.harm_low) / (2 * _Z)
    if size <= margin:
        wanted = (margin - size) / _Z
    else:
        wanted = size / NormalDist().inv_cdf(1 - ALPHA / max(1, family))
    samples = min(estimate.effect.base_samples, estimate.effect.head_samples)
    if wanted <= 0 or samples * (error / wanted) ** 2 > _HOPELESS:
        return None
    return max(1, math.ceil(samples * ((error / wanted) ** 2 - 1)))


def _estimate(
    question: Question, effect: Effect, *, at_most_zero: float, at_least_zero: float
) -> Estimate:
    assert effect.change is not None and effect.low is not None and effect.high is not None
    estimate = Estimate(
        question, effect, effect.change, effect.low, effect.high, at_most_zero, at_least_zero
    )
    if question.better == "lower":
        return estimate
    return replace(
        estimate,
        harm=-effect.change,
        harm_low=-effect.high,
        harm_high=-effect.low,
        p_worse=at_least_zero,
        p_better=at_most_zero,
    )


def _effect(
    question: Question, base: float | None, head: float | None, samples: tuple[int, int]
) -> Effect:
    return Effect(
        metric=question.metric,
        statistic=question.statistic,
        unit=question.unit,
        better=question.better,
        base=base,
        head=head,
        base_samples=samples[0],
        head_samples=samples[1],
        change_kind=question.kind,
        margin=question.margin,
        verdict="inconclusive",
        gates=question.gates,
    )

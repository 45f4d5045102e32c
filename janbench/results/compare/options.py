"""What a comparison takes for granted unless asked otherwise: margins, gates, draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from janbench.errors import ConfigError
from janbench.model.metric import METRICS

DRAWS = 2000

DEFAULT_MARGINS: Mapping[str, float] = {
    f"{metric.name}{statistic}": margin
    for metric in METRICS.values()
    for statistic, margin in metric.margins.items()
}
# Time per token repeats what the gaps say, and throughput is what the schedule asked for: they
# are shown, but asking more questions would cost the gate power for the others.
DEFAULT_GATES = frozenset(
    f"{metric.name}{statistic}"
    for metric in METRICS.values()
    if metric.gates
    for statistic in metric.margins
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


def figure_names(name: str) -> list[str]:
    """Return the figures that a name on the command line means: `ttft_ms` means all of its own.

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

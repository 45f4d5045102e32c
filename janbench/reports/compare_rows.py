"""The rows of a comparison as text, the same in terminal, Markdown and HTML."""

from __future__ import annotations

from typing import NamedTuple

from janbench.model.metric import title_of
from janbench.model.results.comparison import Comparison, Effect
from janbench.reports import figures

WORDS = {
    "better": "HEAD is better than BASE.",
    "worse": "HEAD is worse than BASE.",
    "same": "HEAD is as good as BASE, within the margins.",
    "inconclusive": "It isn't clear yet whether HEAD is worse than BASE.",
}
HEAD_ROW = ("Figure", "BASE", "HEAD", "Change", "95% interval", "Margin", "Verdict")


class Row(NamedTuple):
    """One figure of both runs; `note` stands beneath or beside it, empty for most."""

    figure: str
    base: str
    head: str
    change: str
    interval: str
    margin: str
    verdict: str
    note: str
    gates: bool


def row_of(effect: Effect) -> Row:
    """Return an effect's texts."""
    return Row(
        figure=f"{title_of(effect.metric)} {effect.statistic}".rstrip(),
        base=figures.in_unit(effect.base, effect.unit),
        head=figures.in_unit(effect.head, effect.unit),
        change=change(effect.change, effect),
        interval=interval(effect),
        margin=f"±{_size(effect.margin, effect)}",
        verdict=effect.verdict,
        note=_note(effect),
        gates=effect.gates,
    )


def change(value: float | None, effect: Effect) -> str:
    """Write a change with its sign: `+4.2%`, or `+0.8 pp` for a difference of shares."""
    if value is None:
        return figures.ABSENT
    # A rounded nothing has no direction.
    sign = "+" if value > 0 else "-"
    text = _size(abs(value), effect)
    return text if float(text.split("%")[0].split(" ")[0]) == 0 else sign + text


def interval(effect: Effect) -> str:
    """Write the interval of the change."""
    if effect.low is None or effect.high is None:
        return figures.ABSENT
    low, high = change(effect.low, effect), change(effect.high, effect)
    return f"{low.split(' ')[0].rstrip('%')} to {high}"


def conclusion(comparison: Comparison) -> str:
    """Say in one sentence what the gate decided and by which figures."""
    deciding = [
        f"{title_of(e.metric)} {e.statistic}".rstrip()
        for scenario in comparison.scenarios
        for e in scenario.effects
        if e.gates and e.verdict == comparison.verdict
    ]
    words = WORDS[comparison.verdict]
    if not deciding or comparison.verdict == "same":
        return words
    named = list(dict.fromkeys(deciding))
    more = f" and {len(named) - 4} more" if len(named) > 4 else ""
    return f"{words[:-1]}: {', '.join(named[:4])}{more}."


def _size(value: float, effect: Effect) -> str:
    percent = f"{value * 100:.1f}"
    return f"{percent} pp" if effect.change_kind == "absolute" else f"{percent}%"


def _note(effect: Effect) -> str:
    parts = [effect.note] if effect.note else []
    if effect.more_samples is not None:
        parts.append(f"about {_round_up(effect.more_samples):,} more samples a side would decide")
    return "; ".join(parts)


def _round_up(count: int) -> int:
    """Round up to two figures: an estimate shouldn't look like a count."""
    unit = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // unit) * unit

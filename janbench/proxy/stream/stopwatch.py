"""Arrival times of one stream's content, in little memory, and the figures that follow from them.

Gaps are kept as 16-bit microseconds, longer ones in three slots: a stream of 5,000 tokens costs
10 KB, so that a thousand of them fit beside each other.
"""

from __future__ import annotations

from array import array

_LONG = 0xFFFF
"""Marks a gap of 65.535 ms or more: its high and low 16 bits follow."""

_MAX_GAP_US = 0xFFFFFFFF
NEGLIGIBLE_NS = 50_000
"""An event's time that is exact to less than this counts as exact."""


class Stopwatch:
    """Notes when content events arrive; every time is `perf_counter_ns`, 0 means never."""

    __slots__ = ("_gaps", "_widths", "count", "first_event_ns", "first_ns", "first_visible_ns",
                 "last_ns", "sent_together")  # fmt: skip

    def __init__(self) -> None:
        self.first_event_ns = 0
        self.first_ns = 0
        self.first_visible_ns = 0
        self.last_ns = 0
        self.sent_together = 0  # content events that came in one packet with the one before
        self.count = 0
        self._gaps = array("H")
        self._widths: array[int] | None = None  # us, for each content event so far

    def event(self, ns: int) -> None:
        """Note an event of any kind."""
        if not self.first_event_ns:
            self.first_event_ns = ns

    def content(self, ns: int, visible: bool, count: int = 1) -> None:
        """Note `count` content-bearing events that arrived together."""
        if visible and not self.first_visible_ns:
            self.first_visible_ns = ns
        if self.count:
            gap = ns // 1000 - self.last_ns // 1000  # so that their sum is as exact as each
            if gap < _LONG:
                self._gaps.append(gap)
            else:
                gap = min(gap, _MAX_GAP_US)
                self._gaps.extend((_LONG, gap >> 16, gap & 0xFFFF))
        else:
            self.first_ns = ns
        if count > 1:
            self._gaps.extend([0] * (count - 1))
        self.last_ns = ns
        self.count += count

    def earlier_by(self, ns: int, events: int, exact: bool) -> None:
        """Note that the last `events` may have come up to `ns` earlier; after them one `exact`."""
        if self._widths is None:
            self._widths = array("L")
        widths = self._widths
        widths.extend([0] * (self.count - exact - events - len(widths)))
        widths.extend([min(ns // 1000, _MAX_GAP_US)] * events)

    def lists(self) -> dict[str, list[float]]:
        """Return what a record holds of each event: `gaps_ms`, `widths_ms`, unless empty."""
        lists = {"gaps_ms": self.gaps_ms(), "widths_ms": self.widths_ms()}
        return {name: values for name, values in lists.items() if values}

    def widths_ms(self) -> list[float]:
        """Return by how much each content event may have come earlier, in ms; empty if none may."""
        widths = self._widths
        if widths is None:
            return []
        return [us / 1000 for us in widths] + [0.0] * (self.count - len(widths))

    def gaps_ms(self) -> list[float]:
        """Return the gaps between consecutive content events in ms, resolved to 1 us."""
        gaps = self._gaps
        if _LONG not in gaps:
            return [us / 1000 for us in gaps]
        slots = iter(gaps)
        return [((next(slots) << 16 | next(slots)) if us == _LONG else us) / 1000 for us in slots]

    def itl_mean_ms(self) -> float | None:
        """Return the mean gap in ms; None for fewer than two content events."""
        if self.count < 2:
            return None
        return (self.last_ns - self.first_ns) / 1e6 / (self.count - 1)

    def tpot_ms(self, output_tokens: int) -> float | None:
        """Return (last - first content) / (tokens - 1) in ms; None for fewer than two tokens."""
        if self.count < 2 or output_tokens < 2:
            return None
        return (self.last_ns - self.first_ns) / 1e6 / (output_tokens - 1)

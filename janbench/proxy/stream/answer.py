"""What the frames of an answer add up to: tokens, finish reason, and what is missing at its end."""

from __future__ import annotations

from janbench.dialects import UNKNOWN, dialects
from janbench.proxy.stream import integrity
from janbench.proxy.stream.content import Content
from janbench.proxy.stream.dialects import Frame
from janbench.proxy.stream.stopwatch import Stopwatch
from janbench.proxy.stream.usage import Usage


class Answer:
    """Takes the frames of an answer in order; `ends` are the end markers seen."""

    __slots__ = ("_choices", "_finished", "_kinds", "_known", "ends", "finish_reason", "found",
                 "left_open", "usage", "watch")  # fmt: skip

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self.found = integrity.Found()
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.ends: set[str] = set()
        self.left_open = False
        self._kinds: set[Content] = set()
        self._known = False  # a frame of a dialect that names finish reasons has come
        self._choices: set[int] = set()
        self._finished: set[int] = set()

    def add(self, frame: Frame, ns: int) -> None:
        """Take the next frame, which arrived at `ns`."""
        content = frame.content or self._new(frame.whole)
        if content is not None:
            self._kinds.add(content)
            self.watch.content(ns, content is Content.VISIBLE)
        if frame.usage is not None:
            self.usage = frame.usage.after(self.usage)
        if frame.finish_reason:
            self.finish_reason = frame.finish_reason
            self._finished.update(frame.finished)
        self._choices.update(frame.choices)
        self._known = self._known or bool(frame.dialect)
        if frame.end_marker:
            self.ends.add(frame.end_marker)
        if frame.error is not None:
            self.error(frame.error, "an error frame")
        elif frame.failed:
            self.error(frame.failed, "a finish reason that means failure")

    def error(self, code: str, what: str) -> None:
        """Note an error inside the answer."""
        after = f" after {self.watch.count} content events"
        self.found.add(integrity.IN_BAND_ERROR, what + after + (f": {code}" if code else ""))

    def ended(self, promised: frozenset[str]) -> bool:
        """Say whether nothing more is to come: an end marker, and every promised one, is there."""
        return bool(self.ends) and promised <= self.ends

    def end(self, promised: frozenset[str]) -> None:
        """Note what the answer lacks."""
        if not self.watch.count:
            self.found.add(integrity.NO_CONTENT, "no content in any frame")
        if self._known and not self.finish_reason:
            self.found.add(integrity.NO_FINISH_REASON, "no finish_reason in any frame")
        elif unfinished := sorted(self._choices - self._finished):
            which = ", ".join(map(str, unfinished))
            self.found.add(integrity.NO_FINISH_REASON, f"no finish_reason for choice {which}")
        missing = sorted(promised - self.ends)
        if missing:
            self.found.add(integrity.NO_DONE, f"end marker missing: {', '.join(missing)}")

    def output_tokens(self) -> tuple[int, str] | None:
        """Return the count and its source: usage, else estimated from the content events."""
        count = self.watch.count
        reported = self.usage.output_tokens if self.usage else None
        if reported is not None and (reported or not count):
            return reported, "usage"
        return (count, "estimated") if count else None

    def hidden_tokens(self) -> int:
        """Return how many reasoning tokens the usage counts of which nothing was streamed."""
        if self.usage is None or Content.REASONING in self._kinds or not self.watch.count:
            return 0
        return min(self.usage.reasoning_tokens or 0, self.usage.output_tokens or 0)

    def notes(self) -> list[str]:
        """Name what should be known though it makes no answer bad: keys of the table's `notes`."""
        found = []
        if self.finish_reason and dialects().meaning(self.finish_reason) == UNKNOWN:
            found.append(f"unknown_finish_reason: {self.finish_reason}")
        if self.usage is not None and self.usage.output_tokens == 0 and self.watch.count:
            found.append("zero_usage")
        if self.hidden_tokens():
            found.append("hidden_reasoning")
        if self.left_open:
            found.append("left_open")
        return found

    def _new(self, whole: tuple[Content, ...]) -> Content | None:
        """Return a kind of content that comes as a whole and of which no piece has come."""
        new = [kind for kind in whole if kind not in self._kinds]
        self._kinds.update(new)
        return Content.VISIBLE if Content.VISIBLE in new else new[0] if new else None

"""Reads one LLM event stream: times its content and finds its faults, as its bytes go by.

Ordinary chat deltas of a stream differ in their text alone. So the first one that JSON has
checked becomes a template (everything before and after the text); a later block that fits it, with
plain text between, is valid JSON of the same shape and needs no parsing. Every other block is
parsed. The template saves four fifths of the time and can't change a result: tests hold that.
"""

from __future__ import annotations

from janbench.dialects import dialects
from janbench.proxy.stream import integrity
from janbench.proxy.stream.answer import Answer
from janbench.proxy.stream.dialects import DONE, read_frame
from janbench.proxy.stream.errors import error_code, is_error
from janbench.proxy.stream.json_text import parse
from janbench.proxy.stream.sse import MAX_BLOCK, BlockTooLongError, Framer
from janbench.proxy.stream.stopwatch import Stopwatch
from janbench.proxy.stream.template import NO_TEMPLATE, PLAIN_TEXT, is_utf8, learn
from janbench.proxy.stream.usage import Usage

_MANY = 8
_FIELDS = frozenset({b"data", b"event", b"id", b"retry"})
_MOST_BARE = 1 << 20


class StreamReader(Framer):
    """Feed it pieces of the body as they arrive, then call `end` once and read its findings.

    `stand_in` are beginnings of ids that mark an answer as a stand-in's; `bare` holds what stands
    outside of any event where there is no event.
    `ends_in_content` says whether the last piece ended with a content event.
    """

    __slots__ = (
        "_foot",
        "_given_up",
        "_head",
        "_visible",
        "answer",
        "bare",
        "ends_in_content",
        "found",
        "frames",
        "stand_in",
        "unread",
        "watch",
    )

    def __init__(self, stand_in: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.answer = Answer()
        self.watch: Stopwatch = self.answer.watch
        self.found: integrity.Found = self.answer.found
        self.frames = 0
        self.unread = False
        self.stand_in = stand_in
        self.bare = bytearray()
        self.ends_in_content = False
        self._given_up = False
        self._head, self._foot, self._visible = NO_TEMPLATE

    @property
    def usage(self) -> Usage | None:
        """Token counts that the server has reported."""
        return self.answer.usage

    @property
    def finish_reason(self) -> str:
        """Why the model stopped, as the server says."""
        return self.answer.finish_reason

    @property
    def ends(self) -> set[str]:
        """End markers seen."""
        return self.answer.ends

    def feed(self, data: bytes, ns: int) -> None:
        """Take the next piece of the body, which arrived at `ns` (perf_counter_ns)."""
        if self._given_up:
            return
        # Nearly every read is that: one block, no more.
        if (
            data.endswith(b"\n\n")
            and not (self._rest or self._cr)
            and self._fits(data, len(data) - 2)
        ):
            self.frames += 1
            self.watch.content(ns, self._visible)
            self.ends_in_content = True
            return
        self.ends_in_content = False
        try:
            super().feed(data, ns)
        except BlockTooLongError:
            self.give_up(f"a frame is longer than {MAX_BLOCK >> 20} MiB")
        self.ends_in_content = self.ends_in_content and not self._rest

    def _fits(self, block: bytes, end: int) -> bool:
        """Say whether a block that ends there fits the template."""
        start, foot = len(self._head), end - len(self._foot)
        return (
            start < foot
            and block.startswith(self._head)
            and block.startswith(self._foot, foot)
            and PLAIN_TEXT.fullmatch(block, start, foot) is not None
            and is_utf8(block)
        )

    def give_up(self, reason: str) -> None:
        """Read no further: what comes is not an event stream."""
        self._given_up = True
        self.found.add(integrity.MALFORMED_FRAME, reason)

    def leave_unread(self, reason: str) -> None:
        """Read nothing of this body and say nothing of its events, good or bad."""
        self._given_up = self.unread = True
        self.found.add(integrity.OK, reason)

    def end(self, *, clean: bool, promised: frozenset[str] = frozenset()) -> None:
        """Judge the stream at its end.

        `clean` says whether the HTTP message was complete; `promised` are the end markers that
        the caller relies on. A stream that didn't end cleanly isn't blamed for its last frame.
        """
        if self.unread:
            return
        if not self._given_up:
            self._last_block(clean)
        if self.bare and not self.frames:
            self.found.add(integrity.NOT_A_STREAM, "the body holds no event")
        self.answer.end(promised)

    def whole(self) -> bytes | None:
        """Return what came where a whole answer was asked for: nothing if it was events."""
        if self.unread:
            return None
        if not self._given_up:
            self._last_block(clean=True)
        return b"" if self.frames or self.ends else bytes(self.bare)

    def output_tokens(self) -> tuple[int, str] | None:
        """Return the count and its source: usage, else estimated from the content events."""
        return self.answer.output_tokens()

    def stands_alone(self, lines: bytes) -> bool:
        """Say whether each data line of these is a whole frame."""
        if not lines.endswith((b"}", b"]")) or len(lines) > MAX_BLOCK:
            return False
        found = [line[5:].strip() for line in lines.split(b"\n") if line.startswith(b"data:")]
        return bool(found) and all(
            data == b"[DONE]" or (data.startswith(b"{") and isinstance(parse(data), dict))
            for data in found
        )

    def _last_block(self, clean: bool) -> None:
        block, ns, unfinished = self.rest()
        if not unfinished or clean:
            self._lines(block, ns, unfinished)
            return
        complete, newline, _ = block.rpartition(b"\n")
        if newline:
            self._lines(complete, ns, False)

    def blocks(self, text: bytes, ns: int) -> None:
        """Take whole blocks, joined by blank lines, that arrived together."""
        blocks = text.split(b"\n\n")
        at, count = 0, len(blocks)
        seen = 0
        tried = count < _MANY
        while at < count:
            seen = self.watch.count
            if not tried and blocks[at].startswith(self._head):
                tried = True
                at += self._fit_many(blocks[at:], ns)
            else:
                self._block(blocks[at], ns)
                at += 1
        self.ends_in_content = self.watch.count > seen

    def _fit_many(self, blocks: list[bytes], ns: int) -> int:
        """Take the leading blocks at one go if each fits the template; return how many were taken.

        Blocks at the end that don't fit (finish, usage, end marker) stay.
        """
        head, foot = self._head, self._foot
        count = len(blocks)
        while count and not blocks[count - 1].endswith(foot):
            count -= 1
        start, end = len(head), -len(foot)
        whole = b"\n\n".join(blocks[:count])
        if not whole.startswith(head) or whole.count(foot + b"\n\n" + head) < count - 1:
            return 0  # somewhere stands something else around a blank line
        texts = [block[start:end] for block in blocks[:count]]
        together = b" ".join(texts)  # no escape and no character can run across a space
        if b"" in texts or not PLAIN_TEXT.fullmatch(together) or not is_utf8(together):
            return 0
        self.frames += count
        self.watch.content(ns, self._visible, count)
        return count

    def _block(self, block: bytes, ns: int) -> None:
        if self._fits(block, len(block)):
            self.frames += 1
            self.watch.content(ns, self._visible)
        else:
            self._lines(block, ns, False)

    def _lines(self, block: bytes, ns: int, unfinished: bool) -> None:
        """Read a block's lines; `unfinished` says that no newline ended the last one."""
        if block.startswith(b"data: ") and b"\n" not in block:
            self._data([block[6:]], "", ns, unfinished, block)
            return
        data: list[bytes] = []
        event, field = "", b""
        lines = block.split(b"\n")
        last = len(lines) - 1
        for number, line in enumerate(lines):
            if not line or line[0] == 0x3A:  # a comment
                continue
            field, _, value = line.partition(b":")
            if field not in _FIELDS:
                self._bare_line(line, lines[number:], unfinished and number == last)
            elif field == b"data":
                data.append(value[1:] if value.startswith(b" ") else value)
            elif field == b"event":
                if data:  # a relay has lost the blank line
                    self._data(data, event, ns, False)
                    data = []
                event = value.strip().decode("utf-8", "replace")
        if data:
            self._data(data, event, ns, unfinished and field == b"data", block)

    def _bare_line(self, line: bytes, following: list[bytes], unfinished: bool) -> None:
        """Judge a line that no SSE field starts: the standard ignores it, but it may be an error.

        Servers that fail after the headers are out write their JSON as it is.
        """
        named = line.startswith(b"error:")
        if named or line[0] == 0x7B:  # {
            value = line.removeprefix(b"error:")
            frame = parse(value) or parse(b"\n".join((value, *following[1:])))
            if named or not isinstance(frame, dict) or is_error(frame) or "error" in frame:
                code = error_code(frame) if isinstance(frame, dict) else ""
                self.answer.error(code, "an error that is not framed as an event")
        elif unfinished and self.frames:
            self.found.add(integrity.TRUNCATED, "the last line is cut short")
        if not self.frames and len(self.bare) < _MOST_BARE:
            self.bare += line + b"\n"

    def _data(
        self, data: list[bytes], event: str, ns: int, unfinished: bool, block: bytes = b""
    ) -> None:
        """Take the data lines of one event; `block` is given if there is nothing else in it."""
        joined = data[0] if len(data) == 1 else b"\n".join(data)
        if not joined.startswith(b"{") and self._without_frame(joined.strip(), event, ns):
            return
        self.watch.event(ns)
        frame = parse(joined)
        if isinstance(frame, dict):
            self._frame(frame, event, ns, block)
        elif frame is None and len(data) > 1:
            # Lines that are events each, with no blank line between: most clients take them so.
            for number, line in enumerate(data):
                cut = unfinished and number == len(data) - 1
                self._data([line], "" if number else event, ns, cut)
        elif event in dialects().error_events:
            self.frames += 1
            self.answer.error("", "an error event")
        elif unfinished:
            self.found.add(integrity.TRUNCATED, "the last frame is cut short")
        else:
            self.frames += 1
            self.found.add(integrity.MALFORMED_FRAME, f"frame {self.frames} is not JSON")

    def _without_frame(self, bare: bytes, event: str, ns: int) -> bool:
        """Take an event that holds no frame: an end marker, a keep-alive, an empty one."""
        if bare.strip(b'"').upper() == b"[DONE]":
            self.watch.event(ns)
            self.answer.ends.add(DONE)
            return True
        return (not bare and event not in dialects().error_events) or (
            event in dialects().idle_events
        )

    def _frame(self, frame: dict[str, object], event: str, ns: int, block: bytes) -> None:
        self.frames += 1
        said = read_frame(event, frame)
        self.answer.add(said, ns)
        if self.stand_in and str(frame.get("id")).startswith(self.stand_in):
            self.answer.error("", "a stand-in answer in the model's place")
        if (
            said.content
            and not (said.usage or said.finish_reason or said.error is not None)
            and b"\n" not in block
            and (template := learn(block, frame))
        ):
            self._head, self._foot, self._visible = template

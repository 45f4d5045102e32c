"""How exact the times of events are that came in one read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from janbench.proxy.stream.reader import StreamReader
from janbench.proxy.stream.stopwatch import NEGLIGIBLE_NS


class Read(Protocol):
    """A read from the target: when its last byte came (ns), and what is known of the others.

    `sure`: that is the kernel's word; `complete`: it ended the response. `spread_ns`: by how much
    bytes of it may have come before its time.
    """

    now: int
    sure: bool
    complete: bool
    spread_ns: Callable[[], int]


def read_events(reader: StreamReader, data: bytes, read: Read) -> None:
    """Feed a piece of the body to its reader, and note which events may have come earlier.

    An event that ends a read has its time exactly; one with others behind it may have come at any
    time since the read before, unless all of the read was one packet.
    """
    before = reader.watch.count
    reader.feed(data, read.now)
    came = reader.watch.count - before
    if not came:
        return
    last_is_exact = read.sure and reader.ends_in_content and not read.complete
    if came == 1 and last_is_exact:
        return
    spread = read.spread_ns()
    if spread > NEGLIGIBLE_NS:
        reader.watch.earlier_by(spread, came - last_is_exact, last_is_exact)
    else:
        reader.watch.sent_together += came - 1

"""What a script says about its own request: the `x-janbench-context` header."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from janbench.proxy.stream.dialects import END_MARKERS

HEADER = b"x-janbench-context"
HEADER_PREFIX = b"x-janbench-"

STREAM, JSON = "stream", "json"

_LABELS = frozenset({"scenario", "step", "lane", "name", "prompt"})
_NUMBERS = {"vu": "vu", "iter": "iteration", "at": "iteration_at_ms"}
_MAX_LABEL = 256


class Context:
    """Labels of one request: `labels` has record columns as keys, `ends` the promised markers.

    `tail_only` asks for the timings of a stream without its body. `wants` is what the script
    asked the model for: `stream`, `json` (a whole answer), or nothing; `stand_in` are beginnings
    of ids by which a worker marks what it says in a dead model's place.
    """

    __slots__ = ("ends", "labels", "stand_in", "tail_only", "wants")

    def __init__(
        self,
        labels: Mapping[str, str | int],
        ends: frozenset[str],
        tail_only: bool,
        wants: str = "",
        stand_in: tuple[str, ...] = (),
    ) -> None:
        self.labels = labels
        self.ends = ends
        self.tail_only = tail_only
        self.wants = wants
        self.stand_in = stand_in


def parse_context(value: bytes) -> Context:
    """Read `scenario=..&step=..&end=done,response.completed&body=tail&want=stream`, URL-encoded.

    Unknown keys are ignored, and a value that makes no sense counts as absent.
    """
    labels: dict[str, str | int] = {}
    ends: frozenset[str] = frozenset()
    tail_only = False
    wants = ""
    stand_in: tuple[str, ...] = ()
    for pair in value.decode("latin-1").split("&"):
        key, _, raw = pair.partition("=")
        if not raw:
            continue
        text = _unquote(raw)[:_MAX_LABEL]
        if key in _LABELS:
            labels[key] = text
        elif key in _NUMBERS:
            if text.isascii() and text.isdigit() and len(text) < 10:
                labels[_NUMBERS[key]] = int(text)
        elif key == "end":
            ends = END_MARKERS & frozenset(text.split(","))
        elif key == "body":
            tail_only = text == "tail"
        elif key == "want":
            wants = text if text in (STREAM, JSON) else ""
        elif key == "stand_in":
            stand_in = tuple(part for part in text.split(",") if part)
    return Context(labels, ends, tail_only, wants, stand_in)


def _unquote(raw: str) -> str:
    if "%" not in raw and "+" not in raw:
        return raw
    return unquote_to_bytes(raw.replace("+", " ")).decode("utf-8", "replace")

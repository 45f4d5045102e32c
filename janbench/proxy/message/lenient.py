"""Heads of responses that llhttp refuses and Go's HTTP client, which k6 uses, accepts.

A proxy that is stricter than k6 would call a target broken that k6 can test. So a head that the
parser refused is read once more, in the strict form of what Go takes it for.
"""

from __future__ import annotations

import re

import httptools

_END = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BLANK_INSIDE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z -]+")


def strict(data: bytes) -> bytes | None:
    """Return a response with its head in strict form; None when it can't be given one.

    Line feeds alone end lines, folded lines are joined, a Content-Length said twice is said once,
    and none is left beside a chunked body, which goes before it.
    """
    end = _END.search(data)
    if end is None:
        return None
    status, *lines = _LINE.split(_FOLD.sub(b" ", data[: end.start()]))
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _BLANK_INSIDE.fullmatch(name):
            return None
        fields.append((name, value.strip(b" \t")))
    chunked = any(name.lower() == b"transfer-encoding" for name, _ in fields)
    kept: list[bytes] = []
    length: bytes | None = None
    for name, value in fields:
        if name.lower().rstrip() == b"content-length":
            if chunked or value == length:
                continue
            length = value
        if _NAME.fullmatch(name):  # no other can be passed on
            kept.append(b"%b: %b\r\n" % (name, value))
    return b"%b\r\n%b\r\n%b" % (status, b"".join(kept), data[end.end() :])


def response_parser(protocol: object) -> httptools.HttpResponseParser:
    """Make a parser that takes blanks behind the size of a chunk, as Go does."""
    parser = httptools.HttpResponseParser(protocol)
    parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
    return parser

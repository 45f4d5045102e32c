"""What the headers of a response say about its body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from janbench.model.http.rate_limit import TOO_MANY, read_rate_limit
from janbench.model.results.record import Record
from janbench.proxy.http.coding import codings
from janbench.proxy.message.limits import MessageError

if TYPE_CHECKING:
    from janbench.proxy.http.http1 import Headers


class HeadLines:
    """Status line and headers while they are being read."""

    __slots__ = ("headers", "reason")

    def __init__(self) -> None:
        self.reason = b""
        self.headers: Headers = []


@dataclass
class ResponseFields:
    """`length` is None without a Content-Length, `codings` are those that change the body.

    `facts` go into the record as they are: `request_id`, and `rate_limit` of a refusal.
    """

    kind: bytes = b""
    length: int | None = None
    chunked: bool = False
    codings: tuple[str, ...] = ()
    location: str = ""
    facts: Record = field(default_factory=Record)

    @property
    def named(self) -> str:
        """The codings in one text."""
        return ", ".join(self.codings)

    @property
    def is_stream(self) -> bool:
        """Whether the body is an event stream."""
        return self.kind.startswith(b"text/event-stream")


def read_fields(headers: Headers, version: str, status: int) -> ResponseFields:
    """Read the headers of a response; raises MessageError for a body that k6 couldn't read."""
    found, coding = ResponseFields(), b""
    for name, value in headers:
        lower = name.lower()
        if lower == b"content-type":
            found.kind = value.strip().lower()
        elif lower == b"content-length":
            found.length = int(value)
        elif lower == b"transfer-encoding":
            if value.lower() != b"chunked" and version == "1.1":
                raise MessageError("it has a transfer encoding that k6 doesn't know")
            found.chunked = b"chunked" in value.lower()
        elif lower == b"content-encoding":
            coding += b"," + value
        elif lower == b"location":
            found.location = value.decode("latin-1")
        elif lower == b"x-request-id":
            found.facts["request_id"] = value.decode("latin-1")[:128]
    if status == TOO_MANY:
        limit = read_rate_limit((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)
        if str(limit):
            found.facts["rate_limit"] = str(limit)
    if coding:
        found.codings = tuple(codings(coding))
    return found

"""What the headers of a response say about its body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """`length` is None without a Content-Length, `codings` are those that change the body."""

    kind: bytes = b""
    length: int | None = None
    chunked: bool = False
    codings: tuple[str, ...] = ()
    location: str = ""
    request_id: str = ""

    @property
    def named(self) -> str:
        """The codings in one text."""
        return ", ".join(self.codings)

    @property
    def is_stream(self) -> bool:
        """Whether the body is an event stream."""
        return self.kind.startswith(b"text/event-stream")


def read_fields(headers: Headers, version: str) -> ResponseFields:
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
            found.request_id = value.decode("latin-1")[:128]
    if coding:
        found.codings = tuple(codings(coding))
    return found

"""HTTP/1.1 heads as the proxy writes them: what is passed on, what is dropped, what is replaced.

Reading is llhttp's work. Names, values and their order are passed on as they came, but for the
headers that belong to one connection only (RFC 9110, section 7.6.1).
"""

from __future__ import annotations

import re
from http import HTTPStatus

import orjson

from janbench.proxy.http.context import HEADER_PREFIX
from janbench.proxy.http.target import UpstreamTarget

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"}
)
_ASKS_FOR_STREAM = re.compile(rb'"stream"\s*:\s*true')
LAST_CHUNK = b"0\r\n\r\n"


def connection_options(headers: Headers) -> frozenset[bytes]:
    """Return the lower-case names that the Connection headers list."""
    options: set[bytes] = set()
    for name, value in headers:
        if len(name) == 10 and name.lower() == b"connection":
            options.update(part.strip().lower() for part in value.split(b","))
    options.discard(b"content-length")  # dropping it would break the framing
    return frozenset(options)


def asks_for_stream(headers: Headers, body_start: bytes) -> bool:
    """Say whether a request wants an event stream: by its Accept header or by its JSON body."""
    if _ASKS_FOR_STREAM.search(body_start):
        return True
    return any(
        len(name) == 6 and name.lower() == b"accept" and b"text/event-stream" in value
        for name, value in headers
    )


def request_head(
    target: UpstreamTarget,
    method: bytes,
    url: bytes,
    headers: Headers,
    *,
    chunked: bool,
    identity: bool,
    close: bool = False,
) -> bytes:
    """Write the head of a request to the target.

    `url` is the raw request target, passed on byte for byte behind the target's prefix;
    `identity` replaces Accept-Encoding, so that events arrive as they are.
    """
    dropped = HOP_BY_HOP | connection_options(headers)
    lines = [
        b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (method, _on_target(target, url), target.host_header)
    ]
    for name, value in headers:
        lower = name.lower()
        if lower in dropped or lower == b"host" or lower.startswith(HEADER_PREFIX):
            continue
        if identity and lower == b"accept-encoding":
            lines.append(b"%b: identity\r\n" % name)
            continue
        lines.append(b"%b: %b\r\n" % (name, value))
    if close:
        lines.append(b"Connection: close\r\n")
    lines.append(b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n")
    return b"".join(lines)


def response_head(
    status: int, reason: bytes, headers: Headers, *, chunked: bool, drop_length: bool, close: bool
) -> bytes:
    """Write the head of a response to the client, with this connection's own framing."""
    dropped = HOP_BY_HOP | connection_options(headers)
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, reason)]
    for name, value in headers:
        lower = name.lower()
        if lower in dropped or (drop_length and lower == b"content-length"):
            continue
        lines.append(b"%b: %b\r\n" % (name, value))
    if chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines.append(b"Connection: close\r\n\r\n" if close else b"\r\n")
    return b"".join(lines)


def without_coding(headers: Headers) -> Headers:
    """Leave out what says that the body is compressed."""
    return [field for field in headers if field[0].lower() != b"content-encoding"]


def chunk(data: bytes) -> bytes:
    """Frame data as one chunk of a chunked body; `data` must not be empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Headers) -> bytes:
    """End a chunked body, with its trailer fields."""
    if not trailers:
        return LAST_CHUNK
    fields = b"".join(b"%b: %b\r\n" % field for field in trailers)
    return b"0\r\n%b\r\n" % fields


def own_reply(status: int, cause: str, message: str, *, close: bool, head_only: bool) -> bytes:
    """Write a whole response that the proxy gives by itself: JSON that names the cause."""
    body = orjson.dumps({"error": {"type": "janbench_proxy", "cause": cause, "message": message}})
    head = (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        b"x-janbench-error: %b\r\n%b\r\n"
        % (
            status,
            HTTPStatus(status).phrase.encode(),
            len(body),
            cause.encode(),
            b"Connection: close\r\n" if close else b"",
        )
    )
    return head if head_only else head + body


def _on_target(target: UpstreamTarget, url: bytes) -> bytes:
    if url.startswith(b"/"):
        return target.prefix + url
    if url.lower().startswith((b"http://", b"https://")):  # absolute form, as sent to a proxy
        start = url.find(b"/", url.find(b"//") + 2)
        return target.prefix + (url[start:] if start >= 0 else b"/")
    return url  # OPTIONS *

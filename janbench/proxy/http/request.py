"""One request as it was read from a client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from janbench.model.http.redirect import STATUSES, redirect_message
from janbench.model.results.record import Record
from janbench.proxy.http.context import HEADER, HEADER_PREFIX, JSON, STREAM, Context, parse_context
from janbench.proxy.http.http1 import asks_for_stream, request_head
from janbench.proxy.stream.integrity import Verdict

if TYPE_CHECKING:
    from janbench.proxy.http.http1 import Headers
    from janbench.proxy.http.target import UpstreamTarget


_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-")


@dataclass
class ClientRequest:
    """Head of a request; `url` is the raw request target and `http10` the client's version.

    `fresh`: the client won't use its connection again, and gets a new one to the target, too: it
    asked for `connection: fresh`.
    """

    method: bytes
    url: bytes
    headers: Headers
    http10: bool
    keep_alive: bool
    chunked: bool
    expects_continue: bool
    context: Context | None
    wants_stream: bool = False
    trace_id: str = ""
    fresh: bool = False

    @property
    def wants(self) -> str:
        """What was asked for: `stream`, `json` (a whole answer of a model), or unknown: nothing."""
        if self.context is not None and self.context.wants:
            return self.context.wants
        return STREAM if self.wants_stream else ""

    @property
    def takes_tail(self) -> bool:
        """Whether a script looks for a stream's figures at the end of the body."""
        return self.context is not None and self.context.wants != JSON

    @property
    def promised(self) -> frozenset[str]:
        """The end markers that a stream must show."""
        return self.context.ends if self.context is not None else frozenset()

    @property
    def stand_in(self) -> tuple[str, ...]:
        """Beginnings of ids by which a worker marks a stand-in answer."""
        return self.context.stand_in if self.context is not None else ()

    def path(self) -> str:
        """Return the path without query, for the record."""
        return self.url.partition(b"?")[0].decode("latin-1")

    def record(self, status: int, origin: str, verdict: Verdict) -> Record:
        """Return the row of this request and its answer, without times and figures."""
        row: Record = {
            "method": self.method.decode("latin-1"),
            "path": self.path(),
            "origin": origin,
            "integrity": verdict.kind,
        }
        if status:
            row["status"] = status
        if verdict.detail:
            row["detail"] = verdict.detail
        if self.trace_id:
            row["trace_id"] = self.trace_id
        if self.context is not None:
            row.update(cast(Record, self.context.labels))
        return row

    def refusal(self, status: int, location: str, target: UpstreamTarget) -> str:
        """Return why a status is no answer to the request; empty when it is one."""
        redirected = status in STATUSES and bool(location)
        least = HTTPStatus.MULTIPLE_CHOICES if self.wants else HTTPStatus.BAD_REQUEST
        if status >= least and not redirected:
            return f"status {status}"
        if not redirected:
            return ""
        return redirect_message(status, target.url + self.path(), location)

    def note_start(self, body_start: bytes) -> None:
        """See from the start of the body whether the request wants an event stream."""
        self.wants_stream = asks_for_stream(self.headers, body_start)

    def head_for(self, target: UpstreamTarget, body_start: bytes) -> bytes:
        """Write the head for the target; the start of the body tells whether it streams."""
        self.note_start(body_start)
        identity = self.wants_stream or (self.context is not None and self.method == b"POST")
        return request_head(
            target,
            self.method,
            self.url,
            self.headers,
            chunked=self.chunked,
            identity=identity,
            close=self.fresh,
        )


def make_request(
    method: bytes, url: bytes, headers: Headers, *, version: str, keep_alive: bool
) -> ClientRequest:
    """Make a request out of what the parser found."""
    chunked = expects = False
    context, trace_id = None, ""
    for name, value in headers:
        lower = name.lower()
        if lower == b"transfer-encoding":
            chunked = True
        elif lower == b"expect":
            expects = value.lower() == b"100-continue"
        elif lower == b"traceparent":
            trace_id = _trace_id(value)
        elif lower.startswith(HEADER_PREFIX) and lower == HEADER:
            context = parse_context(value)
    http10 = version == "1.0"
    return ClientRequest(
        method=method,
        url=url,
        headers=headers,
        http10=http10,
        keep_alive=keep_alive and not http10,
        chunked=chunked,
        expects_continue=expects,
        context=context,
        trace_id=trace_id,
        fresh=not keep_alive and not http10,
    )


def _trace_id(traceparent: bytes) -> str:
    """Return the trace id of a W3C `traceparent` (version-traceid-parentid-flags), else nothing."""
    match = _TRACEPARENT.match(traceparent)
    return match[1].decode("ascii") if match else ""

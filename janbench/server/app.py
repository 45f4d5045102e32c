"""The way of a request through the embedded server."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from janbench.server.accounts import NOBODY, User
from janbench.server.control import control
from janbench.server.faults import FAULTS, NONE, Fault, FaultDice, Hits, with_html
from janbench.server.flavours import FLAVOURS
from janbench.server.http.connection import Connection
from janbench.server.http.exchange import Exchange, HttpRequest, Reply
from janbench.server.http.routing import Call, NotJsonError, Route, Router, parse_object
from janbench.server.ids import uuid4
from janbench.server.options import ServerOptions
from janbench.server.state import ServerState
from janbench.server.truth import TruthRow

_NS = 1_000_000_000
_ANY = frozenset((Hits.ANY,))


class App:
    """Answers requests, from the state of one server."""

    def __init__(
        self, options: ServerOptions, loop: asyncio.AbstractEventLoop, event_loop: str
    ) -> None:
        self.flavour = FLAVOURS[options.flavour]
        limit = options.stream_limit_s or self.flavour.stream_limit_s
        self.state = ServerState(options, loop, event_loop, self.flavour.commit_error, limit)
        self._router = Router(self.flavour.routes)
        self._dice = FaultDice(
            options.faults, options.seed, options.fault_from, options.fault_until
        )

    def serve(self, request: HttpRequest, connection: Connection) -> Exchange:
        """Answer a request, now or later."""
        path = request.path
        if path.startswith("/__"):
            exchange = Exchange(request, connection, None)
            exchange.reply(control(self.state, request, path))
            return exchange
        row = self._open_row(request, path)
        exchange = Exchange(request, connection, row)
        exchange.on_finished = lambda: self.state.truth.close(row)
        exchange.headers.append((self.flavour.request_id_header, row.request_id))
        found = self._router.find(request.method, path)
        if found is None:
            exchange.reply(self._unrouted(request, path))
            return exchange
        if self.state.rate_limit.limit and path.startswith("/v1/"):
            allowed, headers = self.state.rate_limit.take()
            if not allowed:
                refusal = self.flavour.refuse(429, path)
                exchange.reply(replace(refusal, headers=headers))
                return exchange
            exchange.headers.extend(headers)
        route, params = found
        fault = self._pick_fault(request, route, row.index)
        if isinstance(fault, Reply):
            exchange.reply(fault)
            return exchange
        row.fault = fault.name
        reply = self._answer(
            Call(self.state, exchange, request, params, fault, NOBODY), route, path
        )
        if reply is not None:
            exchange.reply(poisoned(reply) if fault.html else reply)
        return exchange

    def _unrouted(self, request: HttpRequest, path: str) -> Reply:
        if not self.flavour.mends_slashes:
            return self.flavour.not_found(path)
        if request.method == "OPTIONS":
            return Reply(204, b"", "", (("Vary", "Origin"),))
        bare = path.rstrip("/")
        if self._router.find(request.method, bare) is None:
            return self.flavour.not_found(path)
        status = 301 if request.method == "GET" else 307
        text = f'<a href="{bare}">{HTTPStatus(status).phrase}</a>.\n\n' if status == 301 else ""
        return Reply(status, text.encode(), "text/html; charset=utf-8", (("Location", bare),))

    def _answer(self, call: Call, route: Route, path: str) -> Reply | None:
        fault, flavour = call.fault, self.flavour
        if fault.status:
            if fault.hits is Hits.LOGIN:
                return flavour.login_failure
            return flavour.refuse(fault.status, path)
        if route.protected:
            user = flavour.authenticate(self.state, call.request)
            if not isinstance(user, User):
                return user
            call.user = user
            call.exchange.headers.extend(flavour.identity_headers(user, call.request))
        if fault.commit_fails and not (route.generates and _wants_stream(call.request)):
            return flavour.refuse(500, path)
        try:
            return route.handler(call)
        except NotJsonError:
            return flavour.bad_body(path)

    def _open_row(self, request: HttpRequest, path: str) -> TruthRow:
        headers = request.headers
        asked = headers.get("x-request-id") if self.flavour.keeps_request_id else None
        row = TruthRow(
            index=self.state.truth.next_index,
            method=request.method,
            path=path,
            request_id=asked or uuid4(),
            body_sha256=hashlib.sha256(request.body).hexdigest(),
            received_ns=request.received_ns,
            epoch_s=time.time() - (time.perf_counter_ns() - request.received_ns) / _NS,
            context=dict(parse_qsl(headers.get("x-janbench-context", ""))),
        )
        self.state.truth.open(row)
        return row

    def _pick_fault(self, request: HttpRequest, route: Route, index: int) -> Fault | Reply:
        kinds = _kinds(request, route) if self._may_fail(request) else _ANY
        if self.state.options.allow_fault_header and (asked := request.headers.get("x-fault")):
            fault = FAULTS.get(asked)
            if fault is None:
                known = ", ".join(FAULTS)
                return Reply.text(f"unknown x-fault {asked!r}: one of {known}\n", 400)
        else:
            fault = self._dice.pick(index, kinds)
        if fault.hits not in kinds or (fault.commit_fails and not self.flavour.commit_error):
            return NONE
        return fault

    def _may_fail(self, request: HttpRequest) -> bool:
        return bool(self.state.options.faults) or "x-fault" in request.headers


def poisoned(reply: Reply) -> Reply:
    """`reply` with HTML in every text."""
    if not reply.content_type.startswith("application/json"):
        return reply
    return Reply(
        reply.status, orjson.dumps(with_html(reply.value)), reply.content_type, reply.headers
    )


def _kinds(request: HttpRequest, route: Route) -> frozenset[Hits]:
    kinds = {Hits.ANY}
    if route.login:
        kinds.add(Hits.LOGIN)
    if route.protected:
        kinds.add(Hits.PROTECTED)
    if route.generates:
        kinds.add(Hits.GENERATION)
        if route.pattern.endswith("chat/completions"):
            kinds.add(Hits.CHAT)
        if _wants_stream(request):
            kinds.add(Hits.STREAM)
    return frozenset(kinds)


def _wants_stream(request: HttpRequest) -> bool:
    try:
        body: dict[str, Any] = parse_object(request)
    except NotJsonError:
        return False
    return body.get("stream") is True

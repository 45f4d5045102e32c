"""Requests and connections die when they end: what waits for the collector delays all streams."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from janbench.server.app import App
from janbench.server.generation.distributions import parse_distribution
from janbench.server.http.connection import Connection
from janbench.server.options import FLAVOURS, ServerOptions
from janbench.service.life import new_loop
from tests.integration.server.conftest import chat_body
from tests.integration.server.wire import wire

_TIMEOUT_S = 10
_CHAT = "/v1/chat/completions"
_FAULTS = (
    *("backend-down", "backend-4xx", "error-mid-stream", "no-done", "rate-limit", "reset"),
    *("commit-failure", "stalled", "truncated", "close-after-stream"),
)


@contextmanager
def serving(flavour: str) -> Iterator[tuple[App, int]]:
    """A server in a thread of this process, and its port."""
    options = ServerOptions(
        flavour=flavour,
        ttft_ms=parse_distribution("1", option=""),
        itl_ms=parse_distribution("uniform:0,1", option=""),
        tokens=parse_distribution("8", option=""),
        reasoning_tokens=parse_distribution("2", option=""),
        finalize_ms=parse_distribution("1", option=""),
        stream_limit_s=0.05,
        slots=2,
        allow_fault_header=True,
    )
    loop, name = new_loop()

    async def start() -> tuple[App, asyncio.Server]:
        app = App(options, loop, name)
        listening = await loop.create_server(
            lambda: Connection(app.serve, app.state.connections), "127.0.0.1", 0
        )
        return app, listening

    app, listening = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield app, listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_TIMEOUT_S)
        listening.close()
        app.state.delivery.clock.close()
        loop.close()


def ask(port: int, path: str, body: Any, **headers: str) -> None:
    """One request on a connection of its own, read to its end."""
    with wire(port) as client:
        client.send("POST", path, body, connection="close", **headers)
        client.read_to_end()


def leave(port: int, path: str, body: Any, **headers: str) -> None:
    """Leave in the middle of the answer."""
    with wire(port) as client:
        client.send("POST", path, body, **headers)
        client.read()


def use(app: App, port: int) -> None:
    """Every way through the server, on new connections and on one that is kept."""
    token, _ = app.state.accounts.token(app.state.accounts.owner)
    headers = {"Authorization": f"Bearer {token}"}
    v2 = app.state.options.flavour.startswith("jan-v2")
    responses = "/responses/v1/responses" if v2 else "/v1/responses"
    requests = [
        (_CHAT, chat_body()),
        (_CHAT, chat_body(stream=True)),
        (responses, {"model": "jan-v1-4b", "input": "hi"}),
        (responses, {"model": "jan-v1-4b", "input": "hi", "stream": True}),
        ("/v1/conv/chat/completions", chat_body(stream=True, store=True)),
        ("/v1/auth/guest-login", {}),
        (_CHAT, []),
    ]
    for path, body in requests:
        ask(port, path, body, **headers)
        leave(port, path, body, **headers)
        for fault in _FAULTS:
            ask(port, path, body, **headers, x_fault=fault)
    with wire(port) as client:
        for _ in range(3):
            client.send("POST", _CHAT, chat_body(stream=True), **headers)
            client.read_head()
            client.read_chunks()
    deadline = time.monotonic() + _TIMEOUT_S
    while app.state.connections or app.state.slots.active:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_waits_for_the_garbage_collector(flavour: str) -> None:
    with serving(flavour) as (app, port):
        gc.collect()
        gc.disable()
        try:
            use(app, port)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            # Plain asyncio's own transports are not ours to mend.
            found = Counter(
                type(each).__qualname__
                for each in gc.garbage
                if type(each).__module__.startswith(("janbench.", "httptools."))
            )
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        assert app.state.truth.next_index > 70
        assert not found

"""One server for each flavour, shared by the tests; each test logs in as a new guest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.embedded import EmbeddedServer, embedded_server

FAST = (
    *("--ttft-ms", "10", "--itl-ms", "1", "--tokens", "16", "--stream-limit", "1"),
    "--allow-fault-header",
)
MODEL = "jan-v1-4b"
TIMEOUT_S = 15


@dataclass
class Api:
    """A client of one server, logged in."""

    server: EmbeddedServer
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, path: str, body: Any = None, *, fault: str = "", **headers: str
    ) -> requests.Response:
        """Call the API; the fault is the one asked for with `x-fault`."""
        sent = self.headers | headers | ({"x-fault": fault} if fault else {})
        reply = requests.request(
            method, self.server.base + path, json=body, headers=sent, timeout=TIMEOUT_S
        )
        reply.encoding = "utf-8"  # requests takes an event stream for Latin-1
        return reply

    def last_truth(self) -> dict[str, Any]:
        """The newest row."""
        return self.server.truth()[-1]


def guest(server: EmbeddedServer, path: str = "/v1/auth/guest-login") -> Api:
    """A new guest."""
    reply = requests.post(server.base + path, json={}, timeout=TIMEOUT_S)
    reply.raise_for_status()
    return Api(server, {"Authorization": f"Bearer {reply.json()['access_token']}"})


def chat_body(text: str = "hi", **more: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture(scope="session")
def v1_server() -> Iterator[EmbeddedServer]:
    with embedded_server(*FAST) as server:
        yield server


@pytest.fixture(scope="session")
def v2_server() -> Iterator[EmbeddedServer]:
    with embedded_server("--flavour", "jan-v2", *FAST) as server:
        yield server


@pytest.fixture(scope="session")
def v2_old_server() -> Iterator[EmbeddedServer]:
    with embedded_server("--flavour", "jan-v2-0.2", *FAST) as server:
        yield server


@pytest.fixture(scope="session")
def openai_server() -> Iterator[EmbeddedServer]:
    with embedded_server("--flavour", "openai", *FAST) as server:
        yield server


@pytest.fixture
def v1(v1_server: EmbeddedServer) -> Api:
    return guest(v1_server)


@pytest.fixture
def v2(v2_server: EmbeddedServer) -> Api:
    return guest(v2_server, "/llm/auth/guest-login")


@pytest.fixture
def v2_old(v2_old_server: EmbeddedServer) -> Api:
    return guest(v2_old_server, "/llm/auth/guest-login")


@pytest.fixture
def openai(openai_server: EmbeddedServer) -> Api:
    return Api(openai_server)

"""Each stream of `tests/wire` through a real proxy: its class, its times, its tokens."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.proxy.conftest import Proxy
from tests.wire.cases import Case, wire_cases
from tests.wire.server import WireServer, wire_server

PATH = {"chat": "/v1/chat/completions", "response": "/v1/responses"}
TIMES = ("ttft_ms", "ttft_visible_ms")
TOLERANCE_MS = 20
AT_ONCE = 12
ATTEMPTS = 4


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The proxy's record of each case; one that a busy machine made late is asked for again."""
    found: dict[str, dict[str, Any]] = {}
    cases = wire_cases()
    for _ in range(ATTEMPTS):
        found |= ask_all(cases, tmp_path_factory.mktemp("wire"))
        cases = [case for case in cases if is_late(found[case.name])]
    return found


def ask_all(cases: list[Case], folder: Path) -> dict[str, dict[str, Any]]:
    """Send the requests of these cases through a proxy; gives the records by case."""
    with wire_server(cases) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.port}", folder)
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda case: ask(proxy.port, case), cases))
        finally:
            proxy.stop()
        rows = {row["path"].split("/")[2]: row for row in proxy.rows()}
        return {name: with_lateness(name, row, server) for name, row in rows.items()}


def is_late(row: dict[str, Any]) -> bool:
    """Say whether a time is later than the tolerance."""
    return any(row.get(f"late_{name}", 0) > TOLERANCE_MS for name in TIMES)


def ask(port: int, case: Case) -> None:
    """Send the case's request and read what comes."""
    want = "stream" if case.stream else "json"
    end = "response.completed" if case.kind == "response" else ""
    body = json.dumps({"stream": case.stream})
    request = (
        f"POST /c/{case.name}{PATH[case.kind]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"x-janbench-context: scenario=wire&step={case.name}&want={want}&end={end}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request.encode())
        with suppress(ConnectionError):
            while client.recv(65536):
                pass


def with_lateness(name: str, row: dict[str, Any], server: WireServer) -> dict[str, Any]:
    """Add how much later each time is than the moment at which the server sent it, in ms."""
    expect = next(case.expect for case in wire_cases() if case.name == name)
    for metric in TIMES:
        if metric in expect and metric in row:
            sent = server.sent_ns(name, expect[metric])
            row[f"late_{metric}"] = (row["start_ns"] - sent) / 1e6 + row[metric]
    return row


@pytest.mark.parametrize("case", wire_cases(), ids=lambda case: case.name)
def test_the_proxy_reads_it_right(case: Case, records: dict[str, dict[str, Any]]) -> None:
    row, expect = records[case.name], dict(case.expect)
    assert row["integrity"] == expect.pop("class"), row.get("detail")
    assert row["stream"] is case.stream
    for name in TIMES:
        if expect.pop(name, None) is not None:
            assert -1 <= row[f"late_{name}"] <= TOLERANCE_MS, name
    assert {name: row.get(name) for name in expect} == expect

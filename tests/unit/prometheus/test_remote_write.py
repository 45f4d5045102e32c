"""The remote-write protocol: encoding, and what receivers answer."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from janbench.model.telemetry import RemoteWrite, Sample
from janbench.preflight import remote_write
from janbench.preflight.remote_write import check_remote_write
from janbench.remote_write import encode, push
from tests.receivers import receiver


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _unsnap(data: bytes) -> bytes:
    """Decode Snappy's literals, as its format description has them."""
    length, at = _varint(data, 0)
    plain = b""
    while at < len(data):
        tag = data[at]
        assert tag & 3 == 0, "not a literal"
        size, at = tag >> 2, at + 1
        if size >= 60:
            width = size - 59
            size, at = int.from_bytes(data[at : at + width], "little"), at + width
        plain += data[at : at + size + 1]
        at += size + 1
    assert len(plain) == length
    return plain


def _message(data: bytes) -> list[tuple[int, Any]]:
    fields: list[tuple[int, Any]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: Any
        if key & 7 == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif key & 7 == 1:
            value, at = struct.unpack("<d", data[at : at + 8])[0], at + 8
        else:
            value, at = _varint(data, at)
        fields.append((key >> 3, value))
    return fields


def _decode(body: bytes) -> list[tuple[dict[str, str], list[tuple[float, int]]]]:
    series = []
    for number, raw in _message(_unsnap(body)):
        assert number == 1
        parts = _message(raw)
        labels = [dict(_message(part)) for field, part in parts if field == 1]
        samples = [dict(_message(part)) for field, part in parts if field == 2]
        names = [label[1].decode() for label in labels]
        assert names == sorted(names)
        series.append(
            (
                {label[1].decode(): label[2].decode() for label in labels},
                [(sample[1], sample[2]) for sample in samples],
            )
        )
    return series


def test_encoding_round_trip() -> None:
    samples = [
        Sample("janbench_verdict", {"testid": "ä", "Z": "1"}, 4.0, 1_790_000_000_123),
        Sample("janbench_goodput_ratio", {}, 0.25, 1),
    ]
    assert _decode(encode(samples)) == [
        ({"__name__": "janbench_verdict", "testid": "ä", "Z": "1"}, [(4.0, 1_790_000_000_123)]),
        ({"__name__": "janbench_goodput_ratio"}, [(0.25, 1)]),
    ]


def test_nothing_is_a_valid_push() -> None:
    assert encode([]) == b"\x00"


@pytest.mark.parametrize("size", [1, 59, 60, 61, 65_535, 65_536, 200_000])
def test_long_bodies_are_split_into_literals(size: int) -> None:
    ((labels, _),) = _decode(encode([Sample("m", {"a": "x" * size}, 1.0, 1)]))
    assert labels["a"] == "x" * size


def test_a_push_carries_credentials_and_headers() -> None:
    with receiver(204) as server:
        target = RemoteWrite(server.url, "alice", "wonderland", headers={"X-Scope-OrgID": "t"})
        assert push(target, []) == ""
        assert push(RemoteWrite(server.url, bearer_token="token-7"), []) == ""
    first, second = (request.headers for request in server.requests)
    assert first["authorization"] == "Basic YWxpY2U6d29uZGVybGFuZA=="
    assert first["x-scope-orgid"] == "t"
    assert first["content-encoding"] == "snappy"
    assert second["authorization"] == "Bearer token-7"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b"", "other credentials"),
        (403, b"", "may not write"),
        (404, b"", "--web.enable-remote-write-receiver"),
        (400, b"out of order\n sample", "status 400: out of order sample"),
        (302, b"", ""),
    ],
)
def test_refusals_say_what_to_do(status: int, body: bytes, expected: str) -> None:
    with receiver(status, body) as server:
        problem = push(RemoteWrite(server.url), [])
    assert expected in problem
    assert bool(problem) is (status >= 400)


def test_a_dead_port_is_told_as_such() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "refused" in push(RemoteWrite(f"http://127.0.0.1:{port}/"), [])


def test_a_silent_receiver_is_told_as_such() -> None:
    with receiver(delay_s=1.0) as server:
        assert push(RemoteWrite(server.url), [], timeout_s=0.1) == "no answer within 0.1 s"


def test_plain_http_where_tls_is_expected() -> None:
    with receiver() as server:
        problem = push(RemoteWrite(server.url.replace("http:", "https:")), [])
    assert problem.startswith("TLS failed")


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests may run in a container, which is a thing that the preflight check looks for."""
    monkeypatch.setattr(remote_write, "_DOCKER_MARK", tmp_path / "absent")


@pytest.mark.usefixtures("bare_machine")
def test_preflight_is_silent_when_all_is_well() -> None:
    with receiver(204) as server:
        assert check_remote_write(RemoteWrite(server.url), "local", {}) == []


@pytest.mark.usefixtures("bare_machine")
def test_preflight_tells_the_problem_and_that_the_run_goes_on() -> None:
    with receiver(401) as server:
        (warning,) = check_remote_write(RemoteWrite(server.url), "local", {})
    assert server.url in warning
    assert "401" in warning
    assert "the run goes on" in warning


@pytest.mark.parametrize("engine", ["docker", "kubernetes"])
def test_loopback_means_something_else_inside_a_container(engine: str) -> None:
    with receiver(204) as server:
        (warning,) = check_remote_write(RemoteWrite(server.url), engine, {})
        assert server.requests == []
    assert "loopback" in warning
    assert "host.docker.internal" in warning


@pytest.mark.usefixtures("bare_machine")
def test_loopback_in_ci_is_a_warning() -> None:
    with receiver(204) as server:
        (warning,) = check_remote_write(RemoteWrite(server.url), "local", {"CI": "true"})
    assert "in CI" in warning


def test_loopback_in_a_container_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(remote_write, "_DOCKER_MARK", tmp_path)
    with receiver(204) as server:
        (warning,) = check_remote_write(RemoteWrite(server.url), "local", {})
    assert "inside this container" in warning

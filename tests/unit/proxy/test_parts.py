"""The small parts of the proxy, by table."""

from __future__ import annotations

import json
import typing
from pathlib import Path

import duckdb
import orjson
import pytest

from janbench.errors import ConfigError
from janbench.model.results.record import COLUMNS, Record, duckdb_columns
from janbench.proxy.http.context import parse_context
from janbench.proxy.http.http1 import asks_for_stream, request_head, response_head
from janbench.proxy.http.response_writer import HoldBudget
from janbench.proxy.http.target import parse_target
from janbench.proxy.process.records import RecordWriter
from janbench.proxy.process.stats import Stats, merge, write_json
from janbench.proxy.process.system import peak_rss_mb
from janbench.proxy.stream.integrity import PRECEDENCE, Found
from janbench.proxy.stream.stopwatch import Stopwatch


def test_context_labels() -> None:
    context = parse_context(
        b"scenario=a%20b&step=chat+1&lane=stream&vu=3&iter=14&name=POST%20%2Fv1&prompt=%C3%A9"
        b"&end=done,response.completed,other&body=tail&unknown=1&empty="
    )
    assert context.labels == {
        "scenario": "a b", "step": "chat 1", "lane": "stream", "vu": 3, "iteration": 14,
        "name": "POST /v1", "prompt": "é",
    }  # fmt: skip
    assert context.ends == {"done", "response.completed"}
    assert context.tail_only


@pytest.mark.parametrize("value", [b"", b"&&=", b"vu=x&iter=-1", b"vu=99999999999", b"\xff=\xff"])
def test_context_nonsense_counts_as_absent(value: bytes) -> None:
    context = parse_context(value)
    assert (context.labels, context.ends, context.tail_only) == ({}, frozenset(), False)


def test_context_labels_are_bounded() -> None:
    assert parse_context(b"name=" + b"x" * 9999).labels == {"name": "x" * 256}


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("http://a.b", ("a.b", 80, False, b"a.b", b"")),
        ("https://a.b/", ("a.b", 443, True, b"a.b", b"")),
        ("https://a.b:443/api/", ("a.b", 443, True, b"a.b", b"/api")),
        ("http://127.0.0.1:8080/x/y", ("127.0.0.1", 8080, False, b"127.0.0.1:8080", b"/x/y")),
        ("http://[::1]:99", ("::1", 99, False, b"[::1]:99", b"")),
    ],
)
def test_target(url: str, parsed: tuple[str, int, bool, bytes, bytes]) -> None:
    target = parse_target(url)
    found = (target.host, target.port, target.tls, target.host_header, target.prefix)
    assert found == parsed


@pytest.mark.parametrize(
    "url",
    ["", "a.b", "ftp://a.b", "http://", "http://a:99999", "http://u:hunter2@a", "http://a?x=1",
     "ftp://u:hunter2@a", "http://a/é"],
)  # fmt: skip
def test_target_errors_keep_secrets(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_target(url)
    assert "hunter2" not in str(caught.value)


HEADERS = [
    (b"Host", b"proxy:1"),
    (b"X-A", b"1"),
    (b"x-a", b"2"),
    (b"Connection", b"keep-alive, X-Hop"),
    (b"X-Hop", b"gone"),
    (b"Keep-Alive", b"timeout=5"),
    (b"x-janbench-context", b"vu=1"),
    (b"X-Janbench-Other", b"1"),
    (b"Accept-Encoding", b"gzip, br"),
    (b"TE", b"trailers"),
]


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (b"/v1/%7Ea%2fb?x=%20&x=+", b"/base/v1/%7Ea%2fb?x=%20&x=+"),
        (b"http://other:1/v1?a", b"/base/v1?a"),
        (b"http://other", b"/base/"),
        (b"*", b"*"),
    ],
)
def test_request_head(url: bytes, sent: bytes) -> None:
    target = parse_target("http://up:8000/base")
    head = request_head(target, b"POST", url, HEADERS, chunked=True, identity=True)
    assert head == (
        b"POST " + sent + b" HTTP/1.1\r\nHost: up:8000\r\nX-A: 1\r\nx-a: 2\r\n"
        b"Accept-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
    )


def test_connection_header_cannot_break_the_framing() -> None:
    headers = [(b"Connection", b"content-length"), (b"Content-Length", b"3")]
    head = response_head(200, b"", headers, chunked=False, drop_length=False, close=False)
    assert head == b"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body", "wants"),
    [
        ([], b'{"stream" : true}', True),
        ([], b'{"stream":false}', False),
        ([(b"Accept", b"text/event-stream")], b"", True),
        ([(b"Accept", b"*/*")], b"", False),
    ],
)
def test_asks_for_stream(headers: list[tuple[bytes, bytes]], body: bytes, wants: bool) -> None:
    assert asks_for_stream(headers, body) is wants


def test_the_gravest_class_wins() -> None:
    found = Found()
    assert found.verdict().kind == "ok"
    for kind in reversed(PRECEDENCE[:-1]):
        found.add(kind, f"because of {kind}")
        found.add(kind, "a later reason")
        assert found.verdict() == (kind, f"because of {kind}")


@pytest.mark.parametrize(
    "gap_us", [0, 1, 65_534, 65_535, 65_536, 1_000_000, 131_071, 4_000_000_000]
)
def test_gaps_survive_their_small_form(gap_us: int) -> None:
    watch = Stopwatch()
    times = [5_000, 5_000 + gap_us * 1000, 5_000 + gap_us * 2000, 5_000 + gap_us * 2000 + 7_000]
    for ns in times:
        watch.content(ns, True)
    assert watch.gaps_ms() == [gap_us / 1000, gap_us / 1000, 0.007]


def test_gaps_are_small() -> None:
    watch = Stopwatch()
    for number in range(5000):
        watch.content(number * 10_000_000, True)
    assert watch._gaps.itemsize * len(watch._gaps) < 10_001


def test_what_is_held_is_bounded_for_all_streams_together() -> None:
    budget = HoldBudget()
    assert budget.limit == 64 << 10
    budget.change(+1000)
    assert budget.limit * 1000 <= 6 << 20
    budget.change(+100_000)
    assert budget.limit == 2 << 10
    budget.change(-101_000)
    assert budget.limit == 64 << 10


def test_every_record_key_is_a_documented_column() -> None:
    assert [column.name for column in COLUMNS] == list(typing.get_type_hints(Record))
    assert all(column.meaning and column.sql_type for column in COLUMNS)


def test_a_line_cut_short_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "records-0.jsonl"
    whole: Record = {"time": 1.5, "gaps_ms": [1.0, 2.5], "stream": True, "status": 200}
    file.write_bytes(orjson.dumps(whole) + b"\n" + orjson.dumps(whole)[:-20])
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in duckdb_columns().items())
    rows = duckdb.execute(
        f"SELECT gaps_ms, status, lane FROM read_json('{file}', format='newline_delimited',"
        f" ignore_errors=true, columns={{{columns}}}) WHERE time IS NOT NULL"
    ).fetchall()
    assert rows == [([1.0, 2.5], 200, None)]


def test_records_reach_the_disk_within_a_second_and_none_is_lost(tmp_path: Path) -> None:
    errors: list[OSError] = []
    path = tmp_path / "records-0.jsonl"
    writer = RecordWriter(path, errors.append)
    for number in range(1000):
        writer.add({"time": 1.0, "vu": number})
    writer.close()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["vu"] for row in rows] == list(range(1000))
    assert writer.depth_max >= 1
    assert not errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_full_disk_is_reported() -> None:
    errors: list[OSError] = []
    writer = RecordWriter(Path("/dev/full"), errors.append)
    writer.add({"time": 1.0})
    writer.close()
    assert len(errors) == 1


def worker(number: int, lag: float) -> Stats:
    return {
        "worker": number, "requests": 2, "streams": 1, "clock": "kernel", "clock_steps": number,
        "lag_ms": {"p50": lag / 2, "p99": lag, "max": 2 * lag, "samples": 10},
        "cpu_share": lag / 10, "cpu_s": 0.5, "wall_s": 3.0 + number, "queue_depth_max": 4,
        "rss_mb_max": 30.0, "upstream_retries": 1, "open_client_connections": 2,
    }  # fmt: skip


def test_workers_add_up_and_the_worst_counts() -> None:
    workers = [worker(0, 1.0), worker(1, 3.0)]
    assert merge(workers) == {
        "requests": 4, "streams": 2, "clock": "kernel", "clock_steps": 1,
        "lag_ms": {"p50": 1.5, "p99": 3.0, "max": 6.0, "samples": 20},
        "cpu_share": 0.3, "cpu_s": 1.0, "wall_s": 4.0, "queue_depth_max": 4, "rss_mb_max": 60.0,
        "upstream_retries": 2, "open_client_connections": 4, "workers": workers,
    }  # fmt: skip
    assert merge([])["requests"] == 0


def test_stats_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "stats.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    assert list(tmp_path.iterdir()) == [path]
    assert 5 < peak_rss_mb() < 2000

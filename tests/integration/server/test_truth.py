"""Ground truth and pacing, against a client that watches from outside."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from itertools import pairwise

import pytest
import requests

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.server.conftest import Api, chat_body, guest
from tests.integration.server.wire import frames, wire

CHAT = "/v1/chat/completions"
MS = 1_000_000


def test_a_row_tells_all_about_a_request(v1: Api) -> None:
    payload = json.dumps(chat_body(stream=True)).encode()
    context = "scenario=s&step=chat_stream&lane=stream&vu=3"
    sent_ns, sent_s = time.perf_counter_ns(), time.time()
    reply = requests.post(
        f"{v1.server.base}{CHAT}?x=1",
        data=payload,
        headers=v1.headers | {"x-janbench-context": context},
        timeout=10,
    )
    got_ns = time.perf_counter_ns()
    row = v1.last_truth()
    assert (row["method"], row["path"], row["status"]) == ("POST", CHAT, 200)
    assert row["request_id"] == reply.headers["X-Request-ID"]
    assert row["body_sha256"] == hashlib.sha256(payload).hexdigest()
    assert (row["scenario"], row["step"], row["lane"]) == ("s", "chat_stream", "stream")
    assert row["context"]["vu"] == "3"
    assert (row["stream"], row["tokens"], row["fault"]) == (True, 16, None)
    assert len(row["token_ns"]) == 16
    assert row["epoch_s"] == pytest.approx(sent_s, abs=5)
    moments = [
        sent_ns,
        row["received_ns"],
        row["headers_sent_ns"],
        *row["token_ns"],
        row["last_event_ns"],
        row["end_ns"],
        got_ns,
    ]
    # One clock for all processes: the client's times enclose the server's.
    assert moments == sorted(moments)


def test_a_client_never_sees_a_token_before_the_truth_says() -> None:
    flags = ("--flavour", "openai", "--ttft-ms", "20", "--itl-ms", "3", "--tokens", "30")
    with embedded_server(*flags) as server:
        seen: list[int] = []
        with wire(server.port) as connection:
            connection.send("POST", CHAT, chat_body(stream=True))
            connection.read_head()
            connection.read_chunk()
            for _ in range(30):
                connection.read_chunk()
                seen.append(time.perf_counter_ns())
            connection.read_chunks()
        sent = server.truth()[-1]["token_ns"]
    delays = [got - left for got, left in zip(seen, sent, strict=True)]
    assert min(delays) >= 0
    assert sorted(delays)[15] < 50 * MS  # half of them came promptly even on a busy machine


def test_tokens_keep_an_absolute_schedule() -> None:
    flags = ("--flavour", "openai", "--ttft-ms", "50", "--itl-ms", "4", "--tokens", "60")
    with embedded_server(*flags) as server:
        Api(server)("POST", CHAT, chat_body(stream=True))
        row = server.truth()[-1]
    start = row["received_ns"] + 50 * MS
    late = [at - (start + k * 4 * MS) for k, at in enumerate(row["token_ns"])]
    assert min(late) >= 0
    # Lateness must not add up: the best of the last ten is no later than the run's usual delay.
    assert min(late[-10:]) < 20 * MS


def test_random_gaps_repeat_with_the_seed() -> None:
    flags = ("--flavour", "openai", "--ttft-ms", "1", "--itl-ms", "exp:8", "--tokens", "12")

    def run(seed: str) -> tuple[str, list[float]]:
        with embedded_server(*flags, "--seed", seed) as server:
            text = Api(server)("POST", CHAT, chat_body(stream=True)).text
            moments = server.truth()[-1]["token_ns"]
        said = "".join(f["choices"][0]["delta"].get("content", "") for f in frames(text)[:-1])
        return said, [(b - a) / MS for a, b in pairwise(moments)]

    said, gaps = run("5")
    again, _ = run("5")
    other, _ = run("6")
    assert said == again
    assert said != other
    assert max(gaps) > 2 * min(gaps)  # they really differ


def test_a_burst_leaves_in_few_writes() -> None:
    flags = ("--flavour", "openai", "--ttft-ms", "5", "--itl-ms", "0", "--tokens", "100")
    with embedded_server(*flags) as server:
        Api(server)("POST", CHAT, chat_body(stream=True))
        moments = server.truth()[-1]["token_ns"]
    assert len(moments) == 100
    assert len(set(moments)) == 1


def test_paging_clearing_and_control_paths() -> None:
    with embedded_server("--truth-limit", "3") as server:
        nobody = Api(server)
        for _ in range(5):
            nobody("GET", "/v1/models")
        page = requests.get(f"{server.base}/__truth", timeout=10).json()
        assert page["clock"] == "perf_counter_ns"
        assert [row["index"] for row in page["rows"]] == [2, 3, 4]
        assert (page["dropped"], page["total"], page["next"]) == (2, 3, None)
        assert [row["index"] for row in server.truth(since=4)] == [4]
        assert nobody("GET", "/__truth?since=x").status_code == 400
        assert nobody("GET", "/__nothing").status_code == 404
        server.clear_truth()
        assert server.truth() == []
        nobody("GET", "/nothing")
        assert [(row["index"], row["status"]) for row in server.truth()] == [(5, 404)]


def test_a_client_that_leaves_is_noticed(v1: Api) -> None:
    with wire(v1.server.port) as connection:
        connection.send("POST", CHAT, chat_body(stream=True), x_fault="stalled", **v1.headers)
        connection.read_head()
    deadline = time.monotonic() + 10
    while v1.server.stats()["active"]:
        assert time.monotonic() < deadline
    row = v1.last_truth()
    assert row["client_gone"] is True
    assert row["end_ns"]


def ask_at_once(server: EmbeddedServer, count: int, **headers: str) -> list[requests.Response]:
    replies: list[requests.Response] = []

    def ask() -> None:
        body = chat_body(stream=True)
        replies.append(requests.post(server.base + CHAT, json=body, headers=headers, timeout=30))

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def test_slots_make_a_queue_first_come_first_served() -> None:
    flags = ("--slots", "2", "--ttft-ms", "80", "--itl-ms", "1", "--tokens", "5", "--queue-header")
    with embedded_server("--flavour", "openai", *flags) as server:
        replies = ask_at_once(server, 6)
        rows = server.truth()
        stats = server.stats()
    assert stats["max_concurrent"] == 2
    assert (stats["active"], stats["queued"], stats["served"]) == (0, 0, 6)
    first_tokens = [row["token_ns"][0] for row in rows]
    assert first_tokens == sorted(first_tokens)
    # The n-th generation starts once n - 2 others have ended, and then takes 80 ms.
    ends = sorted(row["token_ns"][-1] for row in rows)
    assert all(first_tokens[n] >= ends[n - 2] + 80 * MS for n in range(2, 6))
    waits = [row["queue_ns"] for row in rows]
    assert max(waits) > 0
    told = sorted(float(reply.headers["X-Queue-Time"]) for reply in replies)
    assert told == pytest.approx(sorted(wait / MS for wait in waits), abs=0.01)


def test_a_full_server_is_slower() -> None:
    flags = ("--slots", "4", "--slowdown", "2", "--ttft-ms", "1", "--itl-ms", "5", "--tokens", "20")
    with embedded_server("--flavour", "openai", *flags) as server:
        Api(server)("POST", CHAT, chat_body(stream=True))
        ask_at_once(server, 4)
        rows = server.truth()
    # From the request on: a first token that is late makes the rest look too quick.
    alone, *crowd = [row["token_ns"][-1] - row["received_ns"] for row in rows]
    assert alone >= (1 + 19 * 5) * MS
    assert max(crowd) > 1.3 * 19 * 5 * MS


def test_finalizing_comes_after_the_end_marker() -> None:
    flags = ("--ttft-ms", "1", "--itl-ms", "0", "--tokens", "3", "--finalize-ms", "120")
    with embedded_server(*flags) as server:
        api = guest(server)
        api("POST", CHAT, chat_body(stream=True))
        row = server.truth()[-1]
    assert row["end_ns"] - row["last_event_ns"] >= 120 * MS


def test_stats(openai: Api) -> None:
    before = openai.server.stats()
    openai("POST", CHAT, chat_body(stream=True))
    after = openai.server.stats()
    assert after["events"] - before["events"] == 16
    assert after["requests"] == before["requests"] + 1
    assert after["served"] == before["served"] + 1
    assert after["connections"] >= 1
    assert after["cpu_s"] >= before["cpu_s"]
    assert after["uptime_s"] > before["uptime_s"]
    assert after["event_loop"] == "uvloop"
    assert after["events_per_s"] >= 0

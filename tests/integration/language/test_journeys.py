"""Journeys in real k6: turns, branches, loops, tools, structured answers, prompts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.language.receiver import receiver
from tests.integration.language.running import PING, QUICK, chat, run

CHATS = "/v1/chat/completions"


def load(iterations: int, **keys: Any) -> dict[str, Any]:
    return {"shape": "iterations", "iterations": iterations, **keys}


@pytest.mark.parametrize("stream", [False, True])
def test_turns_carry_their_history_where_the_server_keeps_none(
    tmp_path: Path, stream: bool
) -> None:
    steps = [chat(history=True, repeat=3, stream=stream, think_time_s=0.05)]
    with receiver() as received:
        ran = run(tmp_path, received.server, {"steps": steps, "load": load(2)},
                  "--flavour", "openai", "--timing", "direct")  # fmt: skip
        bodies = received.bodies(CHATS)
    assert ran.code == 0, ran.output
    assert [len(body["messages"]) for body in bodies] == [1, 3, 5] * 2
    roles = [message["role"] for message in bodies[2]["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert bodies[2]["messages"][1]["content"] == "answer 1"


def test_data_is_never_filled_and_an_escape_is_a_text(tmp_path: Path) -> None:
    """Of `${X}` in a prompt: from the environment, as it stands, and out of a file."""
    (tmp_path / "p.jsonl").write_text('{"prompt": "Why ${HOME} and $${HOME}?"}')
    steps = [
        chat(id="said", messages=[{"role": "user", "content": "$${HOME} is ${SAID:-home}, $5"}]),
        {"kind": "chat", "id": "read", "prompts": {"file": "p.jsonl"}},
        {"kind": "chat", "id": "listed", "prompts": {"list": ["Why ${HOME}?"]}},
    ]
    with receiver() as received:
        ran = run(tmp_path, received.server, {"steps": steps}, "--flavour", "openai", "--single")
        bodies = received.bodies(CHATS)
    assert ran.code == 0, ran.output
    said = [body["messages"][0]["content"] for body in bodies]
    assert said == ["${HOME} is home, $5", "Why ${HOME} and $${HOME}?", "Why ${HOME}?"]


def test_turns_go_into_one_conversation_on_jan(jan: EmbeddedServer, tmp_path: Path) -> None:
    steps = [{"kind": "guest_login"}, chat(history=True, repeat=3), {"kind": "list_items"}]
    ran = run(tmp_path, jan, {"steps": steps, "load": load(2)})
    assert ran.code == 0, ran.output
    assert ran.count("/v1/conv/chat/completions") == 6
    assert ran.count("/v1/conversations") == 2
    # The server stores what is said, but gives the model only what a request holds.
    asked = [r["prompt_tokens"] for r in ran.rows if r["path"].endswith("chat/completions")]
    assert asked[0] < asked[1] < asked[2]
    assert all(check["fails"] == 0 for check in ran.scenario["checks"])


def test_branches_are_taken_by_weight(jan: EmbeddedServer, tmp_path: Path) -> None:
    branches = [{"weight": 3, "steps": [{**PING, "id": "often"}]},
                {"weight": 1, "steps": [{**PING, "id": "rarely"}]}]  # fmt: skip
    steps = [{"kind": "choose", "branches": branches}]
    ran = run(tmp_path, jan, {"steps": steps, "load": load(400, concurrency=4)})
    assert ran.code == 0, ran.output
    counts = {name: step["count"] for name, step in ran.scenario["steps"].items()}
    assert counts["often"] + counts["rarely"] == 400
    assert counts["often"] == pytest.approx(300, abs=30)


def test_conditions_and_loops(jan: EmbeddedServer, tmp_path: Path) -> None:
    steps = [
        {**PING, "id": "look", "extract": {"model": "data[0].id"}},
        {**PING, "id": "same", "if": {"variable": "model", "equals": "jan-v1-4b"}},
        {**PING, "id": "other", "if": {"variable": "model", "equals": "x"}},
        {**PING, "id": "absent", "if": {"variable": "nothing", "exists": False}},
        {"kind": "group", "repeat": 2, "steps": [{**PING, "id": "inner", "repeat": 3}]},
        {**PING, "id": "poll", "extract": {"seen": "object"},
         "repeat": {"max": 9, "until": {"variable": "seen", "equals": "list"}}},
    ]  # fmt: skip
    ran = run(tmp_path, jan, {"steps": steps, "load": load(5)})
    assert ran.code == 0, ran.output
    counts = {name: step["count"] for name, step in ran.scenario["steps"].items()}
    assert counts == {"look": 5, "same": 5, "other": 0, "absent": 5, "inner": 30, "poll": 5}


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}


@pytest.mark.parametrize("stream", [False, True])
def test_tool_round_trip(openai: EmbeddedServer, tmp_path: Path, stream: bool) -> None:
    step = chat(
        messages=[{"role": "user", "content": "Use get_weather for Lisbon."}], tools=[TOOL],
        tool_call={"name": "get_weather", "result": {"sky": "clear"}}, stream=stream,
    )  # fmt: skip
    ran = run(tmp_path, openai, {"steps": [step], "load": load(3)}, "--flavour", "openai")
    assert ran.code == 0, ran.output
    names = {check["name"]: check["passes"] for check in ran.scenario["checks"]}
    assert names["chat calls get_weather"] == 3
    assert names["chat answers with the tool's result"] == 3
    assert ran.count(CHATS) == 6


@pytest.mark.parametrize("flavour", ["jan-v1", "jan-v2", "jan-v2-0.2"])
def test_tools_in_a_conversation_that_the_server_keeps(tmp_path: Path, flavour: str) -> None:
    steps = [
        {"kind": "guest_login"},
        chat(
            messages=[{"role": "user", "content": "Use get_weather for Lisbon."}], tools=[TOOL],
            tool_call={"name": "get_weather", "result": {"sky": "clear"}}, history=True, repeat=2,
        ),
        chat(id="thanks", stream=True, history=True),
        {"kind": "list_items"},
    ]  # fmt: skip
    with embedded_server("--flavour", flavour, *QUICK) as server:
        ran = run(tmp_path, server, {"steps": steps}, "--flavour", flavour, "--single")
    assert ran.code == 0, ran.output
    names = {check["name"]: check["passes"] for check in ran.scenario["checks"]}
    assert names["chat answers with the tool's result"] == 2
    assert names["list_items are what was sent"] == 1


def test_missing_tool_call_fails(openai: EmbeddedServer, tmp_path: Path) -> None:
    step = chat(tools=[TOOL], tool_call={"name": "get_weather"})
    ran = run(tmp_path, openai, {"steps": [step]}, "--flavour", "openai", "--single")
    assert ran.code == 1
    assert "chat calls get_weather" in ran.output


@pytest.mark.parametrize(("schema", "code"), [({"type": "object"}, 0), ({"type": "array"}, 1)])
def test_structured_answers_are_checked(
    openai: EmbeddedServer, tmp_path: Path, schema: dict[str, Any], code: int
) -> None:
    step = chat(json_schema=schema, max_tokens=200)
    ran = run(tmp_path, openai, {"steps": [step]}, "--flavour", "openai", "--single")
    assert ran.code == code, ran.output
    found = {check["name"]: check["fails"] for check in ran.scenario["checks"]}
    assert found["chat follows its JSON schema"] == code


def test_an_endpoint_of_ones_own(tmp_path: Path) -> None:
    """Login, extraction, a loop and a secret from the environment, in YAML only."""
    steps = [
        {"kind": "request", "id": "login", "method": "POST", "path": "/my/login", "auth": False,
         "body": {"user": "${MY_USER:-me}", "password": "${MY_PASSWORD}"},
         "extract": {"token": "token"}},
        {"kind": "request", "id": "items", "path": "/my/items/${token}", "auth": False,
         "headers": {"Authorization": "Bearer ${token}"}, "repeat": 3,
         "checks": [{"name": "has items", "path": "items", "type": "array"}]},
    ]  # fmt: skip
    with receiver() as received:
        ran = run(tmp_path, received.server, {"steps": steps, "load": load(2)},
                  "--flavour", "openai", MY_PASSWORD="hunter22")  # fmt: skip
        logins = received.bodies("/my/login")
        paths = Counter(received.paths())
    assert ran.code == 0, ran.output
    assert logins == [{"user": "me", "password": "hunter22"}] * 2
    assert paths == {"/my/login": 2, "/my/items/t0k3n": 6}
    script = next((tmp_path / "results").glob("2*/t/script.js")).read_text()
    assert "hunter22" not in script
    assert "hunter22" not in next((tmp_path / "results").glob("2*/t/k6.log")).read_text()


@pytest.mark.parametrize("order", ["sequential", "random", "unique"])
def test_two_runs_with_one_seed_send_the_same_bytes(tmp_path: Path, order: str) -> None:
    prompts = {"synthetic": {"input_tokens": 20, "count": 7}, "order": order,
               "output_tokens": {"distribution": "uniform", "min": 2, "max": 9}}  # fmt: skip
    scenario = {
        "steps": [chat(prompts=prompts, messages=[], stream=True)],
        # Drawn arrivals may be closer than a busy machine keeps apart: then the set counts.
        "load": load(24) if order != "random" else {
            "shape": "poisson", "rate": 12, "duration": "2s", "iteration_s": 0.2},
    }  # fmt: skip
    sent = []
    for turn in range(2):
        folder = tmp_path / str(turn)
        folder.mkdir()
        with receiver() as received:
            ran = run(folder, received.server, scenario, "--flavour", "openai",
                      "--timing", "direct")  # fmt: skip
            raw = received.raw(CHATS)
            sent.append(sorted(raw) if order == "random" else raw)
        assert ran.code == 0, ran.output
    assert sent[0] == sent[1]
    assert len(sent[0]) == 24
    told = [json.loads(body)["messages"][0]["content"] for body in sent[0]]
    assert len(set(told)) == 24 if order == "unique" else len(set(told)) <= 7
    if order == "sequential":
        assert told[:7] == told[7:14]


def test_objectives(openai: EmbeddedServer, tmp_path: Path) -> None:
    step = chat(stream=True, slo={"e2e_ms": {"p95": 30000}})
    scenario = {"steps": [step], "load": load(20, concurrency=2), "slo": {
        "ttft_ms": {"p95": 2000}, "itl_ms": {"p99": 0.0001}, "tokens_per_s": {"p50": 1},
        "error_rate": 0.01, "goodput": {"share": 0.9, "limits": {"ttft_ms": 0.001}}}}  # fmt: skip
    ran = run(tmp_path, openai, scenario, "--flavour", "openai")
    assert ran.code == 1, ran.output
    found = {objective["name"]: objective for objective in ran.scenario["slo"]["objectives"]}
    assert {name for name, objective in found.items() if not objective["ok"]} == {
        "itl_ms p99 <= 0.0001", "goodput >= 0.9",
    }  # fmt: skip
    assert found["goodput >= 0.9"]["value"] == 0
    assert found["e2e_ms p95 <= 30000"]["step"] == "chat"
    assert ran.scenario["reasons"][0]["kind"] == "objective"


def test_abort_on_fail_ends_the_run(openai: EmbeddedServer, tmp_path: Path) -> None:
    scenario = {
        "steps": [chat(stream=True)],
        "load": {"shape": "constant", "rate": 10, "duration": "60s", "iteration_s": 0.2},
        "slo": {"ttft_ms": {"p95": 0.001}, "abort_on_fail": True},
    }
    ran = run(tmp_path, openai, scenario, "--flavour", "openai")
    assert ran.code == 1, ran.output
    assert ran.scenario["duration_s"] < 30
    assert {"objective"} <= {reason["kind"] for reason in ran.scenario["reasons"]}
    assert "starved" not in {reason["kind"] for reason in ran.scenario["reasons"]}


@pytest.mark.parametrize(
    ("refresh", "renewed"),
    [("expiring", "before it expires"), ("never", "after a 401")],
)
def test_a_guest_outlives_its_token(tmp_path: Path, refresh: str, renewed: str) -> None:
    """Tokens of 2 s, a journey of 4 s without a model step: the same guest gets new ones."""
    wait = {"think_time_s": 1.3}
    steps = [
        {"kind": "guest_login"},
        {"kind": "create_conversation", **wait},
        {"kind": "list_conversations", **wait},
        {"kind": "get_conversation", **wait},
        {"kind": "list_conversations"},
    ]
    with embedded_server("--token-ttl", "2") as server:
        scenario = {"steps": steps, "refresh": refresh, "load": load(1),
                    "thresholds": {"http_req_failed": ["rate<0.5"]}}  # fmt: skip
        ran = run(tmp_path, server, scenario)
    assert ran.code == 0, ran.output
    assert ran.count("/v1/auth/guest-login") == 1
    assert ran.count("/v1/auth/refresh-token") >= 1
    expired = [row for row in ran.rows if row["status"] == 401]
    assert bool(expired) == (renewed == "after a 401")
    assert ran.scenario["validity"]["relogins"] == 0
    assert all(check["fails"] == 0 for check in ran.scenario["checks"])


def test_bodies_are_what_a_server_takes(tmp_path: Path) -> None:
    """Azure's address and key header, OpenAI's newer bound, no key that a server would refuse."""
    azure = chat(
        id="azure", stream=True, path="/openai/deployments/d/chat/completions?api-version=1",
        headers={"api-key": "${AZURE_OPENAI_KEY}"}, parameters={"max_completion_tokens": 9},
    )  # fmt: skip
    bare = chat(
        id="bare", stream=True, parameters={"max_tokens": None, "stream_options": None, "top_p": 1}
    )
    more = chat(id="more", stream=True, parameters={"stream_options": {"chunk": 1}})
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "name": "anna", "content": "Hi"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "sunny"},
    ]
    told = {"kind": "chat", "id": "told", "messages": said}
    with receiver() as received:
        ran = run(
            tmp_path, received.server, {"steps": [azure, bare, more, told], "load": load(1)},
            "--flavour", "openai", "--timing", "direct", AZURE_OPENAI_KEY="azure-secret-1",
        )  # fmt: skip
        [first] = received.bodies("/openai/deployments/d/chat/completions?api-version=1")
        bodies = received.bodies(CHATS)
    assert "max_tokens" not in first and first["max_completion_tokens"] == 9
    assert {"max_tokens", "stream_options"}.isdisjoint(bodies[0])
    assert bodies[1]["stream_options"] == {"include_usage": True, "chunk": 1}
    assert bodies[2]["messages"] == [
        said[0], said[1], {"role": "assistant", "content": None, "tool_calls": [call]}, said[3],
    ]  # fmt: skip
    assert "azure-secret-1" not in ran.output


def test_instructions_are_given_once(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    step = {"kind": "chat", "messages": messages, "history": True, "repeat": 3}
    with receiver() as received:
        run(tmp_path, received.server, {"steps": [step], "load": load(1)},
            "--flavour", "openai", "--timing", "direct")  # fmt: skip
        bodies = received.bodies(CHATS)
    roles = [[message["role"] for message in body["messages"]] for body in bodies]
    assert roles[-1] == ["system", "user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize("stream", [False, True])
def test_legacy_completions(tmp_path: Path, stream: bool) -> None:
    step = {"kind": "completion", "stream": stream, "max_tokens": 5,
            "messages": [{"role": "user", "content": "The sky is"}]}  # fmt: skip
    with receiver() as received:
        ran = run(tmp_path, received.server, {"steps": [step], "load": load(2)},
                  "--flavour", "openai", "--timing", "proxy")  # fmt: skip
        bodies = received.bodies("/v1/completions")
    assert ran.code == 0, ran.output
    assert bodies[0]["prompt"] == "The sky is" and "messages" not in bodies[0]
    assert bodies[0]["max_tokens"] == 5
    assert ran.scenario["metrics"]["e2e_ms"]["count"] == 2
    assert bool(ran.scenario["metrics"].get("ttft_ms")) == stream

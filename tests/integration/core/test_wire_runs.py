"""Whole runs against answers that look like a pass and aren't, and against odd ones that are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.core.runs import janbench
from tests.wire.cases import Case, wire_cases
from tests.wire.server import wire_server

HELLO = [{"role": "user", "content": "Hello"}]
WHOLE = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
)  # fmt: skip
FALLBACK = json.dumps(
    {
        "id": "fallback_1", "object": "chat.completion",
        "choices": [{"index": 0, "message": {"content": "Sorry."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
)  # fmt: skip
PARTS = json.dumps(
    {
        "id": "c", "object": "chat.completion",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "Yes"},
            ]},
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
)  # fmt: skip
OWN = [
    Case("parts", {}, step={"stream": False}, head=WHOLE % (len(PARTS), PARTS), end=False),
    Case("json-for-stream", {}, head=WHOLE % (len(FALLBACK), FALLBACK), end=False),
    Case("fallback", {}, step={"stream": False}, head=WHOLE % (len(FALLBACK), FALLBACK), end=False),
    Case("fallback-stream", {}, send=[
        'data: {"id":"fallback_2",<delta>{"content":"Sorry."},<open>\n\n', "<stop>", "<done>",
    ]),
    Case("sunset", {}, send=[
        "<a>", 'data: {<id>,<delta>{},"finish_reason":"sunset"}]}\n\n', "<done>",
    ]),
    Case("thought", {}, send=[
        "<a>", "<b>", "<stop>",
        'data: {"choices":[],"usage":{"completion_tokens":200,'
        '"completion_tokens_details":{"reasoning_tokens":198}}}\n\n', "<done>",
    ]),
    Case("left-open", {}, send=["<a>", "<b>", "<stop>", "<done>", {"wait": 30}]),
]  # fmt: skip
# case -> verdict, class of its stream (empty: none), what a reason says
ENDS: dict[str, tuple[str, str, str]] = {
    "plain": ("pass", "ok", ""),
    "parts": ("pass", "", ""),
    "html200": ("fail", "not_a_stream", "1 not_a_stream"),
    "json-for-stream": ("fail", "not_a_stream", "1 not_a_stream"),
    "finish-abort": ("fail", "in_band_error", "1 in_band_error"),
    "z-ns-error200": ("fail", "", ""),
    "z-ns-finish-error": ("fail", "", ""),
    "z-ns-sse": ("fail", "", ""),
    "fallback": ("fail", "", ""),
    "fallback-stream": ("fail", "in_band_error", "1 in_band_error"),
    "x-usage-zero-only": ("pass", "ok", "says 0 output tokens"),
    "sunset": ("pass", "ok", "doesn't know, taken for a normal end"),
    "thought": ("pass", "ok", "reasoning tokens that were not streamed"),
    "left-open": ("pass", "ok", "left the connection open"),
}
SEEN_BY_PROXY_ONLY = ("left-open", "thought")


def scenario(case: Case, port: int) -> dict[str, Any]:
    """A scenario that asks for the case once."""
    flavour = "jan-v2" if case.name.startswith("fallback") else "openai"
    return {
        "target": {
            "base": f"http://127.0.0.1:{port}/c/{case.name}", "flavour": flavour, "model": "wire-1",
        },
        "steps": [{"kind": "chat", "stream": case.stream, "messages": HELLO}],
    }  # fmt: skip


@pytest.fixture(scope="module", params=["proxy", "direct"])
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The result of each scenario."""
    folder: Path = tmp_path_factory.mktemp("runs")
    cases = [
        case
        for case in [*wire_cases(), *OWN]
        if case.name in ENDS and not (request.param == "direct" and case.name in SEEN_BY_PROXY_ONLY)
    ]
    with wire_server(cases) as server:
        scenarios = {case.name: scenario(case, server.port) for case in cases}
        (folder / "scenarios.yaml").write_text(json.dumps({"scenarios": scenarios}))
        ran = janbench(
            folder, "run", "--all", "--single", "--timing", request.param, extra={"API_KEY": "k"}
        )
    assert ran.code == 1, ran.stderr
    return {one["name"]: one for one in ran.result["scenarios"]}


@pytest.mark.parametrize("name", ENDS)
def test_a_run_says_what_the_answer_was(name: str, results: dict[str, dict[str, Any]]) -> None:
    if name not in results:
        return
    verdict, kind, said = ENDS[name]
    result = results[name]
    reasons = [reason["message"] for reason in result["reasons"]]
    assert result["verdict"] == verdict, reasons
    assert result["stream_errors"] == ({kind: 1} if kind else {})
    assert any(said in message for message in reasons) or not said, reasons


def test_hidden_reasoning_is_not_in_the_time_per_token(results: dict[str, dict[str, Any]]) -> None:
    if "thought" in results:
        assert results["thought"]["metrics"]["tpot_ms"]["p50"] == pytest.approx(30, abs=20)


def test_stream_errors_count_failures_only(tmp_path: Path) -> None:
    cases = [case for case in wire_cases() if case.name in ("plain", "finish-abort")]
    with wire_server(cases) as server:
        load = {
            "thresholds": {"llm_stream_errors": ["count<1"]},
            "load": {"shape": "constant", "rate": 2, "duration": "2s"},
        }
        scenarios = {case.name: scenario(case, server.port) | load for case in cases}
        (tmp_path / "scenarios.yaml").write_text(json.dumps({"scenarios": scenarios}))
        ran = janbench(tmp_path, "run", "--all", extra={"API_KEY": "k"})
    found = {one["name"]: one for one in ran.result["scenarios"]}
    assert found["plain"]["verdict"] != "fail", found["plain"]["reasons"]
    assert found["finish-abort"]["verdict"] == "fail"
    kept = {
        name: next(t for t in one["thresholds"] if t["metric"] == "llm_stream_errors")
        for name, one in found.items()
    }
    assert (kept["plain"]["value"], kept["plain"]["ok"]) == (0, True)
    assert not kept["finish-abort"]["ok"]
    assert found["finish-abort"]["stream_errors"] == {
        "in_band_error": kept["finish-abort"]["value"]
    }

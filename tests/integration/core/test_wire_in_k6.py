"""Each stream of `tests/wire` read by the script's library, in one run of the real k6."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.core.runs import K6, environment, janbench
from tests.wire.cases import Case, wire_cases
from tests.wire.server import wire_server

SCRIPT = """
import exec from 'k6/execution';
import http from 'k6/http';
import { callOf } from './lib/answers.js';
import { json } from './lib/http.js';
import { judgeWhole, readStream } from './lib/stream.js';
import { usageOf } from './lib/usage.js';

const cases = JSON.parse(open('./cases.json'));
export const options = {
  scenarios: { all: { executor: 'shared-iterations', vus: 12, iterations: cases.length } },
};

export default function () {
  const { name, stream, end, calls } = cases[exec.scenario.iterationInTest];
  const url = `${__ENV.BASE}/c/${name}/v1/x`;
  const res = http.post(url, JSON.stringify({ stream }), { responseType: 'text', timeout: '10s' });
  console.log(JSON.stringify({ name, ...(stream ? streamed(res, end, calls) : whole(res)) }));
}

function streamed(res, end, calls) {
  const { integrity, outputTokens, finish, summary, detail } = readStream(res, end, true);
  const call = calls && callOf({ tool_call: calls }, summary);
  return {
    class: integrity, output_tokens: outputTokens, finish_reason: finish, detail,
    text: summary.text, reasoning: summary.reasoning, arguments: call && JSON.parse(call.arguments),
  };
}

function whole(res) {
  const body = json(res) || {};
  const { integrity, detail } = judgeWhole(res, json(res));
  const finish = body.choices ? body.choices[0].finish_reason : body.status;
  return { class: integrity, output_tokens: usageOf(body).output, finish_reason: finish, detail };
}
"""


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the library says of each case."""
    folder: Path = tmp_path_factory.mktemp("wire")
    assert janbench(folder, "render").code == 0
    cases = [
        {"name": case.name, "stream": case.stream, "calls": case.calls,
         "end": ["response.completed"] if case.kind == "response" else []}
        for case in wire_cases()
    ]  # fmt: skip
    (folder / "src" / "cases.json").write_text(json.dumps(cases))
    (folder / "src" / "wire.js").write_text(SCRIPT)
    with wire_server(wire_cases()) as server:
        done = subprocess.run(
            [K6, "run", "--quiet", "--no-usage-report", "--address", "127.0.0.1:0",
             "--log-format", "raw", folder / "src" / "wire.js"],
            env=environment({"BASE": f"http://127.0.0.1:{server.port}"}),
            capture_output=True, text=True, timeout=100, check=True,
        )  # fmt: skip
    said = [json.loads(line) for line in done.stderr.split("\n") if line.startswith('{"name"')]
    return {reading["name"]: reading for reading in said}


@pytest.mark.parametrize("case", wire_cases(), ids=lambda case: case.name)
def test_the_script_reads_it_right(case: Case, readings: dict[str, dict[str, Any]]) -> None:
    reading = readings[case.name]
    assert reading["class"] == case.expect["class"], reading["detail"]
    for name in ("output_tokens", "finish_reason"):
        if name in case.expect and case.expect["class"] != "truncated":
            assert reading[name] == case.expect[name]
    if case.calls is not None:
        assert reading["arguments"] == case.calls["arguments"]
    assert "[object" not in reading.get("text", "")

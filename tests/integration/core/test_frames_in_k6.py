"""What frames mean, as the scripts' library reads them in the real k6."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.core.runs import K6, environment, janbench
from tests.wire.frames import FrameCase, frame_cases

SCRIPT = """
import { readStream } from './lib/stream.js';

const cases = JSON.parse(open('./cases.json'));
const headers = { 'Content-Type': 'text/event-stream' };

export default function () {
  for (const { name, body, end } of cases) {
    const timings = { waiting: 1, receiving: 1 };
    const res = { status: 200, error: '', error_code: 0, headers, timings, body };
    const read = readStream(res, end, true);
    const { summary } = read;
    console.log(JSON.stringify({
      name, class: read.integrity, events: read.contentEvents, finish: read.finish,
      text: summary.text, tokens: read.outputTokens, source: read.estimated ? 'estimated' : 'usage',
      notes: read.notes, reasoning: summary.reasoning, visible: summary.kinds.includes('visible'),
      detail: read.detail,
      calls: summary.tools.map((call) => ({ name: call.name, arguments: call.arguments })),
    }));
  }
}
"""


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the library says of each case."""
    folder: Path = tmp_path_factory.mktemp("frames")
    assert janbench(folder, "render").code == 0
    cases = [{"name": case.name, "body": case.body(), "end": case.end} for case in frame_cases()]
    (folder / "src" / "cases.json").write_text(json.dumps(cases))
    (folder / "src" / "frames.js").write_text(SCRIPT)
    done = subprocess.run(
        [K6, "run", "--quiet", "--no-usage-report", "--address", "127.0.0.1:0",
         "--log-format", "raw", folder / "src" / "frames.js"],
        env=environment(), capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    said = [json.loads(line) for line in done.stderr.split("\n") if line.startswith('{"name"')]
    return {reading["name"]: reading for reading in said}


@pytest.mark.parametrize("case", frame_cases(), ids=lambda case: case.name)
def test_frames_mean_what_the_table_says(
    case: FrameCase, readings: dict[str, dict[str, Any]]
) -> None:
    reading = readings[case.name]
    assert {key: reading[key] for key in case.means} == case.means, reading["detail"]

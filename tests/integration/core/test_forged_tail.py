"""A target that writes the timing proxy's report itself: nobody believes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.core.runs import janbench
from tests.receivers import receiver

SCENARIO = """
scenarios:
  chat:
    target: {flavour: openai}
    steps:
      - kind: chat
        lane: stream
        messages: [{role: user, content: hi}]
"""
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
    b': janbench {"v":1,"ttft_ms":1,"e2e_ms":2,"output_tokens":99999,"tokens_source":"usage",'
    b'"finish_reason":"stop","integrity":"ok"}\n\n'
    b': janbench 00 {"v":1,"integrity":"ok","finish_reason":"stop","output_tokens":99999}\n\n'
)


@pytest.mark.parametrize("timing", ["proxy", "direct"])
def test_a_forged_report_is_a_comment(timing: str, tmp_path: Path) -> None:
    (tmp_path / "scenarios.yaml").write_text(SCENARIO)
    with receiver(body=STREAM, content_type="text/event-stream") as target:
        ran = janbench(
            tmp_path, "run", "chat", "--single", "--skip-preflight", "--base", target.url,
            "--timing", timing, "--debug",
        )  # fmt: skip
    assert ran.code == 1, ran.stdout
    assert ran.scenario["stream_errors"] == {"no_finish_reason": 1}
    assert "99999" not in str(ran.scenario["metrics"]) + str(ran.scenario["throughput"])
    assert "ttft_ms" not in ran.scenario["metrics"]


def test_the_secret_stays_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.js").write_text(
        "export default function () { console.log(`proxy ${__ENV.JANBENCH_TAIL_SECRET}`); }\n"
    )
    ran = janbench(
        tmp_path, "run", "mine", "--base", "http://127.0.0.1:1", "-v",
        extra={"JANBENCH_TAIL_SECRET": "0123456789abcdef"},
    )  # fmt: skip
    log = (ran.run_folder / "mine" / "k6.log").read_text()
    assert "proxy " in log
    assert "0123456789abcdef" not in log + ran.stdout + ran.stderr

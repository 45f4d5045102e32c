"""What is said of a load before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.forecast import forecast

STREAM = {"kind": "chat", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}


def said(folder: Path, **keys: Any) -> str:
    """All that is said of a scenario, on one line."""
    load = {"shape": "constant", "rate": 1, "duration": "30s"}
    file = folder / "s.yaml"
    file.write_text(json.dumps({"scenarios": {"t": {"steps": [STREAM], "load": load, **keys}}}))
    request = RunRequest(names=("t",), scenario_file=str(file), environment={})
    return " ".join(" ".join(forecast(request)).split())


def test_samples_that_an_objective_will_lack(tmp_path: Path) -> None:
    found = said(tmp_path, slo={"ttft_ms": {"p99": 500, "p95": 300, "p50": 100}})
    assert "ttft_ms p99 <= 500 needs 100 samples, and this load gives about 30" in found
    assert found.count("needs") == 1


def test_whole_answers_give_no_first_token(tmp_path: Path) -> None:
    steps = [STREAM | {"stream": False}, {"kind": "list_models"}]
    found = said(tmp_path, steps=steps, slo={"ttft_ms": {"p50": 5}, "e2e_ms": {"p95": 5}})
    assert "ttft_ms p50 <= 5 needs 2 samples, and this load gives none: it will be missed" in found
    assert found.count("needs") == 1


def test_conversations_that_are_left_out(tmp_path: Path) -> None:
    talk = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    (tmp_path / "g.json").write_text(json.dumps([{"conversations": talk}, {"conversations": []}]))
    step = {"kind": "chat", "prompts": {"sharegpt": "g.json"}}
    assert "1 of the first 2 conversations in " in said(tmp_path, steps=[step])

"""Thresholds on what can't occur in a scenario are refused where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench.config.scenario_file import load_scenarios
from janbench.errors import ConfigError

STEPS = """
    steps:
      - kind: guest_login
      - kind: list_models
        id: models
        metric: models_time_ms
      - kind: chat
        id: chat
        lane: nonstream
        tags: {tier: free}
        messages: [{role: user, content: Hi}]
      - kind: chat
        id: chat_stream
        lane: stream
        messages: [{role: user, content: Hi}]
"""
WHOLE = """
    steps:
      - kind: list_models
      - kind: chat
        messages: [{role: user, content: Hi}]
        stream: false
"""


def write(folder: Path, threshold: str, steps: str = STEPS, more: str = "") -> Path:
    file = folder / "scenarios.yaml"
    file.write_text(f"scenarios:\n  t:{more}\n    thresholds:\n      {threshold}{steps}")
    return file


BAD = {
    "step": ('"http_req_duration{step:modles}": [p(95)<1]', "Did you mean 'models'"),
    "check's step": ('"checks{step:nope}": [rate>0.9]', "no sample of checks has step:nope"),
    "lane": ('"http_req_failed{lane:streams}": [rate<1]', "Did you mean 'stream'"),
    "tag": ('"http_reqs{stp:chat}": [count>1]', "Did you mean 'step'"),
    "tag of another metric": ('"iterations{step:chat}": [count>1]', "no tag 'step'"),
    "class": ('"llm_stream_errors{kind:truncate}": [count<1]', "Did you mean 'truncated'"),
    "step without a model": ('"llm_e2e_ms{step:models}": [p(95)<1]', "step:models"),
    "step without a stream": ('"llm_ttft_ms{step:chat}": [p(95)<1]', "step:chat"),
    "step of another lane": (
        '"http_req_duration{step:chat,lane:stream}": [p(95)<1]', "runs in the lane nonstream",
    ),
    "phase": ('"http_reqs{phase:warmup}": [count>1]', "phase:warmup"),
    "k6's scenario": ('"iterations{scenario:default}": [count>1]', "scenario:default"),
}  # fmt: skip


@pytest.mark.parametrize(("threshold", "message"), BAD.values(), ids=list(BAD))
def test_what_cannot_occur_is_refused(tmp_path: Path, threshold: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_scenarios(write(tmp_path, threshold), {})
    assert message in f"{caught.value} {caught.value.hint}"
    assert str(caught.value.where).endswith("scenarios.yaml:4:7")


@pytest.mark.parametrize("metric", ["llm_ttft_ms", "llm_itl_ms", "llm_tpot_ms"])
def test_figures_of_streams_need_a_stream(tmp_path: Path, metric: str) -> None:
    with pytest.raises(ConfigError, match="no step of this scenario gives a sample"):
        load_scenarios(write(tmp_path, f"{metric}: [p(95)<800]", WHOLE), {})


@pytest.mark.parametrize(
    "threshold",
    [
        '"http_req_duration{step:models}": [p(95)<1]',
        '"http_req_duration{step:models,lane:stream}": [p(95)<1]',
        '"http_req_duration{method:GET,expected_response:true}": [p(95)<1]',
        '"http_req_duration{tier:free}": [p(95)<1]',
        '"checks{check:models status 200}": [rate>0.9]',
        '"llm_ttft_ms{step:chat_stream}": [p(95)<1]',
        '"llm_stream_errors{kind:truncated}": [count<1]',
        '"llm_errors{lane:nonstream}": [count<1]',
        '"iterations{scenario:stream}": [count>1]',
        "models_time_ms: [p(95)<1]",
        "scenario_errors: [count<5]",
        "guest_login_time_ms: [p(95)<1]",
        "vus: [value<9]",
    ],
)
def test_what_can_occur_is_accepted(tmp_path: Path, threshold: str) -> None:
    assert load_scenarios(write(tmp_path, threshold), {}).scenarios["t"].thresholds


def test_phases_exist_where_there_is_a_warmup(tmp_path: Path) -> None:
    more = "\n    load: {shape: constant, rate: 1, duration: 5s, warmup: 1s}"
    file = write(tmp_path, '"http_reqs{phase:warmup}": [count>1]', more=more)
    assert load_scenarios(file, {}).scenarios["t"].thresholds

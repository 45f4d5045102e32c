"""Configuration: precedence, values that can't be used, what reaches k6."""

from __future__ import annotations

from pathlib import Path

import pytest

from janbench import resources
from janbench.config.environment import for_k6, read_environment
from janbench.config.scenario_file import load_scenarios
from janbench.config.settings import Flags, minutes, plan
from janbench.errors import ConfigError
from janbench.model.scenario import Scenario
from janbench.model.text.secret import secret_values

RW = "p(95),p(99),min,max"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenarios(resources.builtin_scenarios()).scenarios["test-completion-standard"]


def test_precedence(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("NONSTREAM_RPS=7\nSTREAM_RPS=7\nMODEL=from-file\nBASE=http://file\n")
    monkeypatch.setenv("STREAM_RPS", "8")
    monkeypatch.setenv("MODEL", "from-environment")
    decided = plan(scenario, read_environment(env_file), Flags(model="from-flag"))
    assert decided.target.model == "from-flag"
    assert decided.load.stream_rps == 8
    assert decided.load.nonstream_rps == 7
    assert decided.target.base == "http://file"
    assert decided.load.duration_min == 5  # scenarios.yaml


def test_env_file_is_data(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(
        b"K6_PROMETHEUS_RW_TREND_STATS=p(95),p(99),min,max\r\n"
        b"A=$(touch pwned)\r\nB=`touch pwned`\r\n# comment\r\nC='quoted value'\r\nD=${HOME}\r\n"
    )
    values = read_environment(env_file)
    assert values["K6_PROMETHEUS_RW_TREND_STATS"] == RW
    assert values["A"] == "$(touch pwned)"
    assert values["B"] == "`touch pwned`"
    assert values["C"] == "quoted value"
    assert values["D"] == "${HOME}"
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("0.2", 0.2), ("90s", 1.5), ("5m", 5), ("1h", 60), (".5", 0.5), ("500ms", 1 / 120)],
)
def test_durations(text: str, value: float) -> None:
    assert minutes(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "x", "-1", "5 fortnights", "1e3", "nan"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(ConfigError, match="not a valid duration"):
        minutes(text)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"BASE": "api.jan.ai"}, "BASE must be"),
        ({"BASE": "http://user:secret@host"}, "must not carry"),
        ({"BASE": "http://host:port"}, "no valid port"),
        ({"NONSTREAM_RPS": "fast"}, "NONSTREAM_RPS must be a number"),
        ({"STREAM_RPS": "-1"}, "STREAM_RPS must be a number"),
        ({"DURATION_MIN": "inf"}, "DURATION_MIN must be a number"),
        ({"DURATION_MIN": "0"}, "greater than 0"),
        ({"SINGLE_RUN": "perhaps"}, "SINGLE_RUN must be true or false"),
        ({"FLAVOUR": "jan-v3"}, "unknown flavour"),
        ({"NONSTREAM_RPS": "0", "STREAM_RPS": "0"}, "no load"),
    ],
)
def test_bad_values(scenario: Scenario, variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        plan(scenario, variables, Flags())
    assert "secret" not in str(caught.value)


def test_planned_iterations(scenario: Scenario) -> None:
    decided = plan(scenario, {"DURATION_MIN": "0.2", "NONSTREAM_RPS": "2.5"}, Flags())
    assert {lane.name: lane.iterations for lane in decided.lanes} == pytest.approx(
        {"nonstream": 2.5 * 9.6, "stream": 9.6}
    )
    long = plan(scenario, {"DURATION_MIN": "10"}, Flags())
    assert long.lanes[0].iterations == pytest.approx(2 * 540)


def test_lane_with_rate_0_is_absent(scenario: Scenario) -> None:
    decided = plan(scenario, {"STREAM_RPS": "0"}, Flags())
    assert [lane.name for lane in decided.lanes] == ["nonstream"]
    assert not decided.streams


def test_empty_variables_count_as_unset(scenario: Scenario) -> None:
    decided = plan(scenario, {"API_KEY": "", "MODEL": "", "DURATION_MIN": ""}, Flags())
    assert decided.guests
    assert decided.target.model == "jan-v1-4b"


def test_api_key_takes_the_place_of_the_login(scenario: Scenario) -> None:
    assert not plan(scenario, {"API_KEY": "sk-1234"}, Flags()).guests
    assert not plan(scenario, {"FLAVOUR": "openai"}, Flags()).guests


def test_what_k6_must_not_see() -> None:
    environment = for_k6({"K6_VUS": "3", "K6_DURATION": "1s", "PATH": "/bin"}, {"BASE": "x"})
    assert environment == {"PATH": "/bin", "BASE": "x"}


def test_secret_values() -> None:
    found = secret_values(
        {
            "API_KEY": "sk-abcdef",
            "LOADTEST_TOKEN": "tok-123",
            "DB_PASSWORD": "hunter22",
            "BASE": "b",
        }
    )
    assert found == {"sk-abcdef", "tok-123", "hunter22"}


def test_secrets_are_not_in_a_repr(scenario: Scenario) -> None:
    decided = plan(scenario, {"API_KEY": "sk-abcdef", "LOADTEST_TOKEN": "tok-1234"}, Flags())
    assert "sk-abcdef" not in repr(decided)
    assert "tok-1234" not in repr(decided)

"""Bad scenario files: what, where, what next."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janbench.config.scenario_file import load_scenarios
from janbench.errors import ConfigError, Location

CHAT = "      - kind: chat\n        messages: [{role: user, content: hi}]\n"
CASES = {
    "unknown step": (
        "scenarios:\n  a:\n    steps:\n      - kind: chta\n",
        (4, 15), "unknown step kind 'chta'", "'chat'",
    ),
    "wrong type": (
        "scenarios:\n  a:\n    steps:\n" + CHAT + "        max_tokens: many\n",
        (6, 21), "max_tokens: must be a valid integer, not 'many'", "",
    ),
    "missing key": (
        "scenarios:\n  a:\n    steps:\n      - kind: chat\n",
        (4, 9), "the key 'messages' is missing", "'prompts'",
    ),
    "duplicate name": (
        "scenarios:\n  a:\n    steps:\n" + CHAT + "  a:\n    steps:\n" + CHAT,
        (6, 3), "the name 'a' occurs twice", "line 2",
    ),
    "bracket left open": ("scenarios:\n  a: [\n", (3, 1), "not valid YAML", "brackets"),
    "tab": ("scenarios:\n\ta: 1\n", (2, 1), "not valid YAML", "no tabs"),
    "unknown key": (
        "scenarios:\n  a:\n    step:\n" + CHAT, (3, 5), "unknown key 'step'", "'steps'",
    ),
    "unknown nested key": (
        "scenarios:\n  a:\n    load: {nonstream_rsp: 2}\n    steps:\n" + CHAT,
        (3, 12), "unknown key 'nonstream_rsp'", "'nonstream_rps'",
    ),
    "unsuitable name": (
        "scenarios:\n  A b:\n    steps:\n" + CHAT, (2, 3), "'A b'", "lower-case",
    ),
    "unknown flavour": (
        "target: {flavour: jan-v3}\nscenarios:\n  a:\n    steps:\n" + CHAT,
        (1, 19), "unknown flavour 'jan-v3'", "jan-v",
    ),
    "negative rate": (
        "scenarios:\n  a:\n    load: {stream_rps: -1}\n    steps:\n" + CHAT,
        (3, 24), "stream_rps", "",
    ),
    "no steps": ("scenarios:\n  a:\n    steps: []\n", (3, 12), "steps", ""),
    "not a mapping": ("scenarios: []\n", (1, 12), "scenarios: must be a mapping", ""),
    "no scenarios": ("target: {}\n", (1, 1), "needs the key 'scenarios'", "For example"),
    "two ids": (
        "scenarios:\n  a:\n    steps:\n"
        + 2 * (CHAT + "        id: same\n").replace("kind: chat", "kind: chat")
        + "      - kind: list_models\n        id: same_2\n",
        (3, 5), "same_2", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_error_names_place_and_remedy(name: str, tmp_path: Path) -> None:
    text, place, message, hint = CASES[name]
    file = tmp_path / "scenarios.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_scenarios(file)
    error = caught.value
    assert isinstance(error.where, Location)
    assert error.where.file == str(file)
    if name != "two ids":
        assert (error.where.line, error.where.column) == place
    assert message in error.message
    assert hint in error.hint
    assert len(str(error).splitlines()) <= 6


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_scenarios(tmp_path)
    with pytest.raises(ConfigError, match="there is no file"):
        load_scenarios(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"scenarios: \xe9\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_scenarios(tmp_path / "latin.yaml")


def test_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="too many values"):
        load_scenarios(file)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="scenario:steps- kind{}[]&*!|>\"'\n\t#%@,0a.", max_size=120))
def test_any_text_gives_scenarios_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "f.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_scenarios(file)
    except ConfigError as error:
        assert str(file) in str(error)

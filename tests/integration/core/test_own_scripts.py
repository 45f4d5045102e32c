"""A copy of a rendered script, changed by hand, is a test case that is measured like a scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.embedded import embedded_server
from tests.integration.core.runs import janbench

QUICK = ("--ttft-ms", "30", "--itl-ms", "1", "--tokens", "20")
LOAD = ("--duration", "3s", "--nonstream-rps", "2", "--stream-rps", "6")


def copy_of(folder: Path, name: str, changes: dict[str, str]) -> Path:
    """Render a scenario's script, and make a copy as a person would."""
    assert janbench(folder, "render", f"{name}.js").code == 0
    text = (folder / "src" / f"{name}.js").read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    copy = folder / "src" / "mine.js"
    copy.write_text(text)
    return copy


@pytest.mark.parametrize("single", [False, True])
def test_a_changed_copy_is_measured(tmp_path: Path, single: bool) -> None:
    copy_of(tmp_path, "test-completion-standard", {
        '  listModels(user, { label: "models" });': """  for (const turn of [1, 2]) {
    const list = listModels(user, { label: "models", tags: { turn: `${turn}` } });
    if (list.status !== 200) return;
  }""",
        '"chat", "chat_stream"];\nconst model': '"chat", "chat_stream", "bye"];\nconst model',
        '      stream: true,': '      stream: true,\n      extract_text: "story",',
        '      prompts: prompts.chat_stream,\n    });': """      prompts: prompts.chat_stream,
    });
    if (user.variables.story.length > 5) listModels(user, { id: "bye" });""",
    })  # fmt: skip
    with embedded_server(*QUICK) as server:
        flags = ("--single",) if single else LOAD
        ran = janbench(tmp_path, "run", "mine.js", "--base", server.base, *flags, "--allow-invalid")
        rows = [row["path"] for row in server.truth()]
    assert ran.code == 0, ran.stdout + ran.stderr
    scenario = ran.scenario
    assert scenario["name"] == "mine"
    ttft = scenario["metrics"]["ttft_ms"]
    assert ttft["source"] == "records"
    assert ttft["p50"] == pytest.approx(30, abs=20)
    counts = {name: step["count"] for name, step in scenario["steps"].items()}
    chats = counts["chat"] + counts["chat_stream"]
    assert counts["list_models"] == (2 if single else 2 * chats)  # a single run takes both lanes
    assert counts["bye"] == counts["chat_stream"] == ttft["count"] > 0
    assert chats == rows.count("/v1/chat/completions")
    assert (ran.run_folder / "mine" / "requests.parquet").exists()
    if single:
        assert "[6/6] List models ... ok" in ran.stdout


def test_a_changed_copy_fails_where_its_checks_do(tmp_path: Path) -> None:
    old = 'chat(user, {\n      id: "chat_stream"'
    copy_of(tmp_path, "test-completion-standard", {
        old: 'chat(user, {\n      json_schema: { type: "array" },\n      id: "chat_stream"',
    })  # fmt: skip
    with embedded_server(*QUICK) as server:
        ran = janbench(tmp_path, "run", "mine", "--base", server.base, "--single", "--debug")
    assert ran.code == 1
    assert "streaming follows its JSON schema" in ran.stdout
    words = " ".join(ran.stdout.split())
    log = re.search(r"DEBUG: requests and responses, secrets masked, are in (\S+)", words)
    assert log, ran.stdout
    assert "/v1/chat/completions" in (tmp_path / log[1]).read_text()

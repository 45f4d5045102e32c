"""Workflows: valid, pinned, least rights, no value pasted into a script, lists up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from janbench.cli.main import cli
from tests.unit.delivery.workflow_files import ACTION, ROOT, WORKFLOWS, load, step, steps

LOAD_TEST = ROOT / ".github" / "workflows" / "load-test.yml"
EVERYTHING = [*WORKFLOWS, ACTION]


def named(path: Path) -> str:
    return path.name


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", [ACTION])],
    ids=["workflows", "action"],
)
def test_files_follow_githubs_schema(schema: str, paths: list[Path]) -> None:
    assert paths
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    command += [str(path) for path in paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_actions_are_pinned_to_a_commit_and_say_which_version(path: Path) -> None:
    found = re.findall(r"uses: *(\S+)( *#.*)?", path.read_text(encoding="utf-8"))
    assert found
    for used, comment in found:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), used


def test_one_version_of_each_action_everywhere() -> None:
    pins = {
        used
        for path in EVERYTHING
        for used in re.findall(r"uses: *(\S+)", path.read_text(encoding="utf-8"))
    }
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_workflows_may_only_read(path: Path) -> None:
    data = load(path)
    assert data["permissions"] == {"contents": "read"}
    assert not [name for name, job in data["jobs"].items() if "permissions" in job]
    for used in (s for s in steps(path) if "actions/checkout" in s.get("uses", "")):
        assert used["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """GitHub pastes `${{ }}` into the script before a shell reads it: that is how code gets in."""
    scripts = [s["run"] for s in steps(path) if "run" in s]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_jobs_end_by_themselves(path: Path) -> None:
    assert all(job["timeout-minutes"] <= 120 for job in load(path)["jobs"].values())


def test_choices_are_the_test_cases() -> None:
    listed = CliRunner().invoke(cli, ["list", "--scenarios", str(ROOT / "scenarios.yaml")])
    assert listed.exit_code == 0
    names = re.findall(r"^ {2}(test-\S+)$", listed.output, re.MULTILINE)
    choice = load(LOAD_TEST)["on"]["workflow_dispatch"]["inputs"]["test_case"]
    assert choice["options"] == ["", *names]
    assert choice["default"] == ""


def test_choices_are_the_flavours() -> None:
    known = yaml.safe_load((ROOT / "janbench" / "config" / "flavours.yaml").read_text())
    names = list(known.get("flavours", known))
    choice = load(LOAD_TEST)["on"]["workflow_dispatch"]["inputs"]["flavour"]
    assert choice["options"] == names
    assert choice["default"] in names


def test_every_input_and_secret_reaches_the_run() -> None:
    environment = step(LOAD_TEST, "Run")["env"]
    values = " ".join(environment.values())
    for name in load(LOAD_TEST)["on"]["workflow_dispatch"]["inputs"]:
        assert f"inputs.{name} " in values
    assert {
        "API_KEY",
        "LOADTEST_TOKEN",
        "K6_PROMETHEUS_RW_SERVER_URL",
        "K6_PROMETHEUS_RW_USERNAME",
        "K6_PROMETHEUS_RW_PASSWORD",
    } <= environment.keys()
    assert "github.run_id" in environment["TESTID"]
    assert "github.run_attempt" in environment["TESTID"]


def test_results_are_kept_also_when_the_verdict_fails_the_job() -> None:
    assert step(LOAD_TEST, "Keep the results")["if"] == "always()"
    assert "continue-on-error" not in step(LOAD_TEST, "Run")

"""The scripts of workflow and action, run by bash with inputs that try to get out."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.delivery.workflow_files import ACTION, ROOT, step

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or sys.platform == "win32", reason="these scripts run in bash"
)

LOAD_TEST = ROOT / ".github" / "workflows" / "load-test.yml"
ACTION_RUN = step(ACTION, "Run")["run"]
ACTION_COMPARE = step(ACTION, "Compare with the baseline")["run"]
MARKER = "pwned"
HOSTILE = [
    f"$(touch {MARKER})",
    f"`touch {MARKER}`",
    f'"; touch {MARKER}; "',
    f"'; touch {MARKER}; '",
    f"x\ntouch {MARKER}\n",
    f"x && touch {MARKER}",
    f"x | touch {MARKER} #",
    "--help",
    "-rf /",
    "* ? [a-z]",
    "ü€😀 \\ \\n %s",
]

# A program that notes how it was called, and does what FAKE_CODE and FAKE_RESULT ask for.
FAKE = """
import json, os, pathlib, sys
name, arguments = os.path.basename(sys.argv[1]), sys.argv[2:]
with open({log!r}, "a") as log:
    log.write(json.dumps([name, arguments, dict(os.environ)]) + "\\n")
if "--results" in arguments and os.environ.get("FAKE_VERDICT"):
    folder = pathlib.Path(arguments[arguments.index("--results") + 1]) / "latest"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({{"verdict": os.environ["FAKE_VERDICT"]}}))
if name == "gh":
    if arguments[:2] == ["run", "list"]:
        print(os.environ.get("FAKE_RUN", ""))
    sys.exit(0)
if arguments[:1] == ["compare"]:
    print("| compared |")
sys.exit(int(os.environ.get("FAKE_CODE", "0")))
"""


@dataclass
class Runner:
    """A GitHub runner in a folder, with programs that only take notes."""

    folder: Path
    calls: list[tuple[str, list[str], dict[str, str]]] = field(default_factory=list)

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as GitHub does, and read what the fakes noted."""
        programs = self.folder / "temp" / "janbench" / "bin"
        file = self.folder / "step.sh"
        file.write_text(script)
        base = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_WORKFLOW_REF": "owner/repository/.github/workflows/load.yml@refs/pull/1/merge",
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
            env={**base, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        notes = self.folder / "calls.jsonl"
        if notes.exists():
            self.calls = [tuple(json.loads(line)) for line in notes.read_text().splitlines()]
        return done

    def output(self, name: str) -> str:
        """Read a file that GitHub gives to a step."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    programs = tmp_path / "temp" / "janbench" / "bin"
    programs.mkdir(parents=True)
    fake = tmp_path / "fake.py"
    fake.write_text(FAKE.format(log=str(tmp_path / "calls.jsonl")))
    # By way of a shell: the path of a Python that stands in a #! line may hold no blank.
    call = f"exec {shlex.quote(sys.executable)} {shlex.quote(str(fake))}"
    for name in ("janbench", "gh"):
        (programs / name).write_text(f'#!/bin/sh\n{call} "$0" "$@"\n')
        (programs / name).chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    return Runner(tmp_path)


def workflow_environment(**changed: str) -> dict[str, str]:
    environment = dict.fromkeys(step(LOAD_TEST, "Run")["env"], "")
    return {**environment, "TESTID": "gh-7-1", "BASE": "http://127.0.0.1:1", **changed}


def test_workflow_runs_one_case_or_all(runner: Runner) -> None:
    script = step(LOAD_TEST, "Run")["run"]
    assert runner.run(script, **workflow_environment(TEST_CASE="test-responses")).returncode == 0
    runner.run(script, **workflow_environment())
    assert [arguments for _, arguments, _ in runner.calls] == [
        ["run", "--testid", "gh-7-1", "--", "test-responses"],
        ["run", "--testid", "gh-7-1", "--all"],
    ]


@pytest.mark.parametrize("code", [1, 3, 4])
def test_workflow_fails_on_the_verdict(runner: Runner, code: int) -> None:
    environment = workflow_environment(FAKE_CODE=str(code))
    assert runner.run(step(LOAD_TEST, "Run")["run"], **environment).returncode == code


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["TEST_CASE", "BASE", "MODEL", "DURATION_MIN", "TESTID"])
def test_workflow_inputs_stay_data(runner: Runner, name: str, value: str) -> None:
    runner.run(step(LOAD_TEST, "Run")["run"], **workflow_environment(**{name: value}))
    assert not (runner.folder / MARKER).exists()
    (_, arguments, environment), *others = runner.calls
    assert not others
    assert environment[name] == value
    if name == "TEST_CASE":
        assert arguments == ["run", "--testid", "gh-7-1", "--", value]
    if name == "TESTID":
        assert arguments == ["run", "--testid", value, "--all"]


def test_action_splits_its_arguments_like_a_shell(runner: Runner) -> None:
    done = runner.run(
        ACTION_RUN,
        SCENARIO="test-responses",
        BASE="http://127.0.0.1:1",
        TESTID="t",
        ARGS="--duration 2 -e 'KEY=a b' -e \"N=$(touch pwned)\" -e E= ''",
        FAKE_VERDICT="pass",
    )
    assert done.returncode == 0, done.stderr
    ((_, arguments, environment),) = runner.calls
    results = arguments[4]
    assert arguments == [
        *["run", "--testid", "t", "--results", results],
        *["--duration", "2", "-e", "KEY=a b", "-e", "N=$(touch pwned)", "-e", "E=", ""],
        *["--", "test-responses"],
    ]
    assert environment["BASE"] == "http://127.0.0.1:1"
    assert not (runner.folder / MARKER).exists()
    assert "verdict=pass\n" in runner.output("output")
    assert f"results={results}/latest\n" in runner.output("output")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["SCENARIO", "BASE", "ARGS"])
def test_action_inputs_stay_data(runner: Runner, name: str, value: str) -> None:
    given = {"SCENARIO": "", "BASE": "http://127.0.0.1:1", "ARGS": "", "TESTID": "t", name: value}
    done = runner.run(ACTION_RUN, **given)
    assert not (runner.folder / MARKER).exists()
    if done.returncode != 2:
        ((_, _, environment),) = runner.calls
        assert environment[name] == value


def test_action_tells_an_open_quote(runner: Runner) -> None:
    done = runner.run(ACTION_RUN, SCENARIO="", TESTID="t", ARGS="-e 'A=b")
    assert done.returncode == 2
    assert "is a quote open?" in done.stdout
    assert runner.calls == []


def test_action_keeps_the_results_of_a_failed_run(runner: Runner) -> None:
    done = runner.run(
        ACTION_RUN,
        SCENARIO="",
        TESTID="t",
        FAKE_VERDICT="fail",
        FAKE_CODE="1",
    )
    assert done.returncode == 1
    assert "verdict=fail\n" in runner.output("output")


def compare(runner: Runner, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {
        "BASELINE": "baseline",
        "COMMENT": "true",
        "BASE_BRANCH": "main",
        "PULL_REQUEST": "12",
        "RESULTS": "/results/x",
        "FAKE_RUN": "99",
        **environment,
    }
    return runner.run(ACTION_COMPARE, **given)


@pytest.mark.parametrize(("code", "ends"), [("0", 0), ("5", 5), ("6", 0), ("3", 3)])
def test_comparison_is_shown_commented_and_judged(runner: Runner, code: str, ends: int) -> None:
    done = compare(runner, FAKE_CODE=code)
    assert done.returncode == ends, done.stderr
    names = [(name, arguments[:2]) for name, arguments, _ in runner.calls]
    assert [name for name, _ in names] == ["gh", "gh", "janbench", "gh"]
    assert names[-1] == ("gh", ["pr", "comment"])
    assert runner.calls[0][1][:6] == ["run", "list", "--repo", "owner/repository", "--workflow",
                                      "load.yml"]  # fmt: skip
    assert runner.calls[2][1][2:] == ["/results/x", "--format", "markdown"]
    assert runner.output("summary") == "| compared |\n"
    assert runner.output("output") == f"code={code}\n"


def test_first_run_has_no_baseline(runner: Runner) -> None:
    done = compare(runner, FAKE_RUN="")
    assert done.returncode == 0
    assert "no baseline yet" in done.stdout
    assert [name for name, _, _ in runner.calls] == ["gh"]


def test_comment_can_be_declined(runner: Runner) -> None:
    compare(runner, COMMENT="false")
    assert [name for name, _, _ in runner.calls] == ["gh", "gh", "janbench"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["BASELINE", "BASE_BRANCH", "COMMENT", "RESULTS"])
def test_comparison_inputs_stay_data(runner: Runner, name: str, value: str) -> None:
    compare(runner, **{name: value})
    assert not (runner.folder / MARKER).exists()
    wanted = {"BASELINE": 1, "BASE_BRANCH": 0, "RESULTS": 2}
    if name in wanted:
        assert value in runner.calls[wanted[name]][1]

"""`janbench report`, `compare` and `runs`, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from janbench.cli.main import cli
from janbench.errors import ConfigError
from tests.factories import SCENARIO, records, run_result, write_run

BASE, SLOW = "20261101T000000Z-aaaaaa", "20261102T000000Z-bbbbbb"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    write_run(root, run_result(run_id=BASE), {SCENARIO: records(1500, seed=1)})
    write_run(root, run_result(run_id=SLOW), {SCENARIO: records(1500, seed=2, ttft_ms=300)})
    return root


def janbench(root: Path, *arguments: str, catch: bool = False) -> Result:
    verb, *rest = arguments
    return CliRunner().invoke(
        cli, [verb, "--results", str(root), *rest], standalone_mode=False, catch_exceptions=catch
    )


def test_report_writes_all_three_into_the_folder(root: Path) -> None:
    done = janbench(root, "report", BASE, "--format", "all")
    assert done.return_value == 0
    names = [Path(line).name for line in done.output.splitlines()]
    assert names == ["report.html", "junit.xml", "summary.md"]
    assert all((root / BASE / name).stat().st_size for name in names)
    assert "\r" not in (root / BASE / "summary.md").read_text()


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("junit", "<?xml"),
        ("markdown", "## "),
        ("json", '{\n  "schema": "janbench.result/1"'),
        ("terminal", ""),
    ],
)
def test_report_prints_the_latest(root: Path, form: str, start: str) -> None:
    done = janbench(root, "report", "--format", form)
    assert done.return_value == 0
    assert done.output.startswith(start)
    assert SCENARIO in done.output


def test_report_goes_where_it_is_sent(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    done = janbench(root, "report", SLOW[:10], "--format", "markdown", "-o", str(target))
    assert done.output == f"{target}\n"
    assert target.read_text().startswith("## ")
    with pytest.raises(ConfigError, match="can't be written"):
        janbench(root, "report", "--format", "json", "-o", str(tmp_path / "no" / "where"))


def test_a_folder_that_takes_no_report_is_named(root: Path, tmp_path: Path) -> None:
    folder = write_run(tmp_path, run_result(run_id=BASE))
    # A folder in the place of the temporary file: even root can't write there.
    (folder / ".report.html.tmp").mkdir()
    with pytest.raises(ConfigError, match=r"can't be written: Is a directory"):
        janbench(root, "report", str(folder), "--format", "all")


def test_html_goes_into_the_runs_folder(root: Path) -> None:
    done = janbench(root, "report", SLOW, "--format", "html")
    assert done.output == f"{root / SLOW / 'report.html'}\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((BASE, SLOW), 5),
        ((SLOW, BASE), 0),
        ((BASE,), 5),
        ((BASE, SLOW, "--gate", "itl_ms"), 0),
        ((BASE, SLOW, "--gate", "ttft_ms.p50", "--margin", "ttft_ms=90%"), 0),
    ],
)
def test_compare_exits_with_its_verdict(root: Path, arguments: tuple[str, ...], code: int) -> None:
    assert janbench(root, "compare", *arguments).return_value == code


def test_compare_as_json(root: Path) -> None:
    done = janbench(root, "compare", BASE, str(root / SLOW / "result.json"), "--format", "json")
    found = json.loads(done.output)
    assert found["schema"] == "janbench.comparison/1"
    assert (found["verdict"], found["exit_code"]) == ("worse", 5)
    effects = {f"{e['metric']}.{e['statistic']}": e for e in found["scenarios"][0]["effects"]}
    assert effects["ttft_ms.p50"]["low"] > 0.3


def test_compare_as_html_stands_beside_head(root: Path) -> None:
    done = janbench(root, "compare", BASE, SLOW, "--format", "html")
    assert done.output == f"{root / SLOW / f'comparison-with-{BASE}.html'}\n"


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        ("ttft_ms.p95", "FIGURE=SIZE"),
        ("ttft=5%", "unknown figure 'ttft'"),
        ("ttft_ms=five", "the size is like"),
        ("ttft_ms=-5%", "the size is like"),
    ],
)
def test_a_margin_that_is_none(root: Path, margin: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        janbench(root, "compare", BASE, SLOW, "--margin", margin)


def test_runs_are_listed_and_pruned(tmp_path: Path) -> None:
    assert "No runs" in janbench(tmp_path / "none", "runs").output
    for run_id in (BASE, SLOW):
        write_run(tmp_path, run_result(run_id=run_id))
    listed = janbench(tmp_path, "runs").output
    assert listed.index(SLOW) < listed.index(BASE)
    rows = json.loads(janbench(tmp_path, "runs", "--json").output)
    assert [(row["run_id"], row["ttft_p95_ms"]) for row in rows] == [
        (SLOW, pytest.approx(339.84)),
        (BASE, pytest.approx(339.84)),
    ]
    done = janbench(tmp_path, "runs", "prune", "--keep", "1")
    assert done.output.splitlines() == [f"removed {tmp_path / BASE}", "1 runs removed"]
    assert [path.name for path in tmp_path.iterdir()] == [SLOW]

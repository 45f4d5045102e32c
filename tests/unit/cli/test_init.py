"""`janbench init`: its files work for each flavour, and nothing that exists is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from janbench.cli.main import cli
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.config.settings import Flags, plan


@pytest.mark.parametrize("flavour", sorted(load_flavours()))
def test_starter_works(tmp_path: Path, flavour: str) -> None:
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "new"), "--flavour", flavour])
    assert done.exit_code == 0, done.output
    scenarios = load_scenarios(tmp_path / "new" / "scenarios.yaml", {}).scenarios
    assert set(scenarios) == {"smoke", "chat", "talk"}
    for scenario in scenarios.values():
        assert scenario.target.flavour == flavour
        assert plan(scenario, {}, Flags()).missing() == []
    workflow = (tmp_path / "new" / ".github" / "workflows" / "loadtest.yml").read_text()
    steps = yaml.safe_load(workflow)["jobs"]["loadtest"]["steps"]
    assert steps[4]["env"]["API_KEY"] == "${{ secrets.LOADTEST_API_KEY }}"


def test_files_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "scenarios.yaml"
    mine.write_text("mine")
    done = CliRunner().invoke(cli, ["init", str(tmp_path)])
    assert done.exit_code == 0
    assert "left alone" in done.output
    assert mine.read_text() == "mine"
    assert (tmp_path / ".env.example").exists()

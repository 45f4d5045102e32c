"""The rules, judged by Prometheus' own tool."""

from __future__ import annotations

from pathlib import Path

from janbench import process
from tests.prometheus_server import promtool

FOLDER = Path(__file__).parents[3] / "prometheus"


def test_rules_do_what_their_tests_say() -> None:
    done = process.run([promtool(), "test", "rules", FOLDER / "rules_test.yml"])
    assert done.code == 0, done.stdout + done.stderr


def test_rules_are_well_formed() -> None:
    done = process.run([promtool(), "check", "rules", "--lint-fatal", FOLDER / "rules.yml"])
    assert done.code == 0, done.stdout + done.stderr


def test_a_wrong_rule_would_be_noticed(tmp_path: Path) -> None:
    text = (FOLDER / "rules.yml").read_text(encoding="utf-8")
    (tmp_path / "rules.yml").write_text(text.replace("ratio > 0.05", "ratio > 0.5"))
    tests = (FOLDER / "rules_test.yml").read_text(encoding="utf-8")
    (tmp_path / "rules_test.yml").write_text(tests)
    done = process.run([promtool(), "test", "rules", tmp_path / "rules_test.yml"])
    assert done.code != 0
    assert "JanbenchErrorRateHigh" in done.stdout + done.stderr

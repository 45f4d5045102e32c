"""The registry of metrics: what is in it is everywhere, and nothing else is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from janbench.model.metric import METRICS
from janbench.model.slo import Goodput, Slo

ROOT = Path(__file__).parents[3]
# Who makes a metric, or has a rule about this one, names it.
WHO_MAY_NAME_ONE = {
    "model/metric.py": "the registry",
    "model/slo.py": "what a person writes in YAML",
    "model/results/record.py": "the columns of the records",
    "proxy/stream/measure.py": "the proxy measures",
    "reports/html/view.py": "the first token stands in the table of steps",
    "reports/terminal/console.py": "the first byte is shown where there is no first token",
    "results/prometheus/rebuild.py": "what k6 pushes has no gaps",
    "results/compare/resample.py": "rates are compared by block, not by request",
    "engines/k6/rest.py": "what k6 tells while it runs",
    "results/records/live_records.py": "the first token, live",
    "results/records/series.py": "gaps are counted in buckets",
    "results/compare/samples.py": "gaps are counted in buckets",
}
NEW = """
import janbench.model.metric as registry
registry.METRICS["answer_kb"] = registry.Metric(
    "answer_kb", "Size of an answer", "kB", "lower", "Tokens of the answer / 250.",
    sql="output_tokens / 250.0", key=True, label="Size of an answer",
)
registry.KEY_METRICS = (*registry.KEY_METRICS, "answer_kb")
import tempfile
from pathlib import Path
from rich.console import Console
from janbench.model.job import Outcome
from janbench.reports.terminal.console import scenario_block
from janbench.results.assemble import CaseOutput, assemble
from janbench.results.records.reader import Records
from janbench.model.results.case_info import CaseInfo, StepInfo
from tests.factories import records, write_records
info = CaseInfo("t", "load", "proxy", (StepInfo("chat", "Chat", "chat", "chat", None, True),))
with tempfile.TemporaryDirectory() as folder:
    write_records(records(40), Path(folder))
    found = assemble(CaseOutput(info, Outcome(0, 10.0), "", None,
                                records=Records(Path(folder) / "requests.parquet")))
    print(found.metrics["answer_kb"].count, found.steps["chat"].metrics["answer_kb"].count)
    Console(width=100).print(scenario_block(found))
"""


def test_names_stand_in_the_registry_and_where_a_rule_needs_one() -> None:
    names = "|".join(METRICS)
    found = set()
    for path in (ROOT / "janbench").rglob("*.py"):
        if re.search(rf"[\"']({names})[\"']", path.read_text(encoding="utf-8")):
            found.add(path.relative_to(ROOT / "janbench").as_posix())
    others = {"results/slo.py", "results/records/reader.py"}  # shares of the whole run
    assert found - others <= set(WHO_MAY_NAME_ONE)


def test_objectives_are_the_registrys() -> None:
    fields = set(Slo.model_fields) - {"abort_on_fail"}
    assert fields == {name for name, metric in METRICS.items() if metric.objective}
    limits = Goodput.model_fields["limits"].annotation
    assert set(get_args(get_args(limits)[0])) == {n for n, m in METRICS.items() if m.in_goodput}


def test_a_new_metric_is_one_entry() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NEW], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, *shown = done.stdout.splitlines()
    assert all(int(count) > 0 for count in first.split())
    assert any("Size of an answer" in line for line in shown)


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    rows = [f"| `{m.name}` | {m.unit} | {m.definition} |\n" for m in METRICS.values()]
    assert "".join(rows) in text

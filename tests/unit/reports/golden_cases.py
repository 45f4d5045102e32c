"""The reports that are kept as files. `python -m tests.unit.reports.golden_cases` writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from janbench.model.results.comparison import Comparison, Effect, RunReference, ScenarioComparison
from janbench.model.results.result import Reason, RunResult
from janbench.reports.compare_markdown import compare_markdown
from janbench.reports.junit import junit
from janbench.reports.markdown import markdown
from tests.factories import failed_scenario, run_result, scenario_result

FOLDER = Path(__file__).parent / "golden"


def passed() -> RunResult:
    """A run of one scenario that passed."""
    return run_result()


def mixed() -> RunResult:
    """A run in which one scenario failed, one can't be trusted, and one passed."""
    reasons = [
        Reason(kind="dropped", message="k6 dropped 120 of 480 iterations: it ran out of VUs")
    ]
    return run_result(
        failed_scenario(),
        scenario_result("test-responses", verdict="invalid", reasons=reasons),
        scenario_result("test-completion-conversation", slo={}, stream_errors={}),
        verdict="fail",
    )


def broken() -> RunResult:
    """A run that never got to its first scenario."""
    run = run_result(
        verdict="error",
        reasons=[Reason(kind="target", message="http://127.0.0.1:1: connection refused")],
    )
    return run.model_copy(update={"scenarios": [], "exit_code": 3})


def comparison() -> Comparison:
    """A comparison with every verdict in it."""
    base = RunReference(
        run_id="20261124T100000Z-a1b2c3",
        started_at="2026-11-24T10:00:00Z",
        target="http://127.0.0.1:8787",
        model="jan-v1-4b",
        verdict="pass",
    )
    rows = [
        _effect("ttft_ms.p50", (212.4, 239.9), (0.129, 0.081, 0.18), "worse"),
        _effect("ttft_ms.p95", (340.0, 352.0), (0.035, -0.06, 0.13), "inconclusive", 1234),
        _effect("itl_ms.p50", (20.3, 20.3), (0.0, -0.004, 0.004), "same"),
        _effect("e2e_ms.p50", (1490.0, 1310.0), (-0.121, -0.15, -0.09), "better"),
    ]
    errors = Effect(
        metric="error_rate", statistic="", unit="share", better="lower", base=0.0, head=0.0031,
        base_samples=960, head_samples=960, change=0.0031, low=-0.0012, high=0.0078,
        change_kind="absolute", margin=0.01, p_value=0.4, verdict="same",
    )  # fmt: skip
    rate = Effect(
        metric="output_tokens_per_s", statistic="", unit="tokens/s", better="higher", base=153.6,
        head=148.0, base_samples=960, head_samples=960, change=-0.036, low=-0.05, high=-0.02,
        margin=0.05, p_value=0.01, verdict="same", gates=False,
    )  # fmt: skip
    return Comparison(
        schema="janbench.comparison/1",
        base=base,
        head=base.model_copy(update={"run_id": "20261124T110000Z-d4e5f6", "verdict": "fail"}),
        verdict="worse",
        exit_code=5,
        scenarios=[
            ScenarioComparison(
                name="test-completion-standard",
                effects=[*rows, errors, rate],
                warnings=["the load differs: stream 1/s in BASE, stream 2/s in HEAD"],
            )
        ],
        warnings=["the models differ: a<b> and @c|d"],
    )


def _effect(
    name: str,
    values: tuple[float, float],
    change: tuple[float, float, float],
    verdict: str,
    more: int | None = None,
) -> Effect:
    metric, statistic = name.split(".")
    return Effect.model_validate(
        {
            "metric": metric, "statistic": statistic, "unit": "ms", "better": "lower",
            "base": values[0], "head": values[1], "base_samples": 500, "head_samples": 500,
            "change": change[0], "low": change[1], "high": change[2], "margin": 0.05,
            "verdict": verdict, "p_value": 0.01, "more_samples": more,
        }
    )  # fmt: skip


CASES: dict[str, Callable[[], str]] = {
    "passed.md": lambda: markdown(passed()),
    "mixed.md": lambda: markdown(mixed()),
    "broken.md": lambda: markdown(broken()),
    "passed.xml": lambda: junit(passed()),
    "mixed.xml": lambda: junit(mixed()),
    "broken.xml": lambda: junit(broken()),
    "comparison.md": lambda: compare_markdown(comparison()),
}

if __name__ == "__main__":
    for name, make in CASES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8", newline="\n")

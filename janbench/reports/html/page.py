"""Writes `report.html`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from janbench.model.results.result import RunResult, ScenarioResult
from janbench.model.results.series import ScenarioSeries
from janbench.reports import figures, stages
from janbench.reports.glossary import glossary
from janbench.reports.html import script
from janbench.reports.html.chart import Chart
from janbench.reports.html.charts import scenario_charts
from janbench.reports.html.slowest_chart import slowest_chart
from janbench.reports.html.view import (
    VERDICT_WORDS,
    ScenarioView,
    metric_definitions,
    scenario_view,
    step_titles,
)
from janbench.template_cache import compiled_templates

_FOLDER = Path(__file__).parent.parent / "templates"


def write_html(run: RunResult, series: Mapping[str, ScenarioSeries], out: TextIO) -> None:
    """Write the report of a run; `series` goes by scenario and may lack any of them."""
    views = [
        _view(f"scenario-{place}", scenario, series.get(scenario.name))
        for place, scenario in enumerate(run.scenarios, start=1)
    ]
    charts = [chart for view in views for chart in (*view.charts, view.slowest) if chart]
    render_page(
        "report.html.j2",
        charts,
        out,
        run=run,
        views=views,
        words=VERDICT_WORDS,
        glossary=glossary(),
        stage_head=stages.HEAD,
        stage_text_columns=stages.TEXT_COLUMNS,
        definitions=metric_definitions(run),
        command=shlex.join(["janbench", *run.command]) if run.command else "",
    )


def render_page(template: str, charts: list[Chart], out: TextIO, **values: object) -> None:
    """Render a page with its style, its charts and nothing from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        bytecode_cache=compiled_templates(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # A page without charts does without the library too.
    scripts = [script.library(), script.page_script()] if charts else [script.page_script()]
    page = environment.get_template(template).generate(
        figures=figures,
        style=script.style(),
        scripts=scripts,
        charts_json=script.charts_as_data(charts) if charts else "[]",
        policy=script.security_policy(scripts),
        **values,
    )
    out.writelines(page)


def _view(anchor: str, scenario: ScenarioResult, series: ScenarioSeries | None) -> ScenarioView:
    if series is None:
        return scenario_view(anchor, scenario, None, [], None)
    titles = step_titles(scenario)
    slowest = slowest_chart(f"{anchor}-slowest", series, titles) if series.slowest else None
    charts = list(scenario_charts(anchor, series, titles))
    return scenario_view(anchor, scenario, series, charts, slowest)

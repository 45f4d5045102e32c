"""The HTML reports in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janbench.model.results.record import Record
from janbench.pipeline.reporting import LoadedRun, compare_runs, write_compare_html, write_run_html
from tests.factories import (
    SCENARIO,
    failed_scenario,
    records,
    run_result,
    scenario_result,
    write_run,
)
from tests.integration.reports.browser import Page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}$$x$$"
SIZE_LIMIT = 6_000_000

# How many pixels of each chart are neither transparent nor the same as the first.
DRAWN = """[...document.querySelectorAll('.target')].map((target) => {
  const canvases = [];
  const walk = (node) => {
    if (node.tagName === 'CANVAS') canvases.push(node);
    if (node.shadowRoot) [...node.shadowRoot.children].forEach(walk);
    [...node.children].forEach(walk);
  };
  walk(target);
  return canvases.reduce((sum, canvas) => {
    if (!canvas.width || !canvas.height) return sum;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]) painted += 1;
    return sum + painted;
  }, 0);
})"""

# Elements that a reader with a keyboard or a screen reader would miss something at.
UNNAMED = """[
  ...[...document.querySelectorAll('[role=img], [role=region], button, nav, section')]
    .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
      || e.textContent).trim()),
  ...[...document.querySelectorAll('table')].filter((e) => !e.caption?.textContent.trim()),
  ...[...document.querySelectorAll('figure')].filter((e) => !e.querySelector('details table')),
  ...[...document.querySelectorAll('th')].filter((e) => !e.scope),
  ...[...document.querySelectorAll('[aria-labelledby]')]
    .filter((e) => !document.getElementById(e.getAttribute('aria-labelledby'))),
].map((e) => e.outerHTML.slice(0, 120))"""

TWICE = """[...document.querySelectorAll('[id]')].map((e) => e.id)
  .filter((id, place, all) => all.indexOf(id) !== place)"""

# The lightness contrast of text against what is behind it (WCAG 2), for all that is visible.
FAINT = """(() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  const texts = [...document.body.querySelectorAll('*')].filter((e) => e.offsetParent
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  return texts.map((e) => {
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return [ratio, e.outerHTML.slice(0, 100)];
  }).filter(([ratio]) => ratio < 4.5);
})()"""


def build(folder: Path, text: str = "") -> Path:
    """Write the report of a run with a failed scenario, a good one, and one without records."""
    run = run_result(
        failed_scenario(text=text),
        scenario_result("test-responses"),
        scenario_result("no-records", timing="direct"),
        verdict="fail",
    )
    rows = {
        SCENARIO: records(900, errors=0.05, text=text),
        "test-responses": records(600, seed=2),
    }
    if text:
        run = run.model_copy(
            update={
                "target": run.target.model_copy(update={"model": text, "base": text}),
                "command": ["janbench", "run", text],
                "testid": text,
            }
        )
        for row in rows[SCENARIO]:
            if row["step"] == "chat_stream":
                row["step"] += text
    target = write_run(folder, run, rows)
    path = target / "report.html"
    with path.open("w", encoding="utf-8") as out:
        write_run_html(LoadedRun(run, target), out)
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("comparison")
    base = _side(root, "base", records(900, seed=1))
    head = _side(root, "head", records(900, seed=2, ttft_ms=260.0))
    found = compare_runs(base, head, {}, None, allow_invalid=False)
    path = root / "comparison.html"
    with path.open("w", encoding="utf-8") as out:
        write_compare_html(found, base, head, out)
    return path


def _side(root: Path, run_id: str, rows: list[Record]) -> LoadedRun:
    run = run_result(run_id=run_id)
    return LoadedRun(run, write_run(root, run, {SCENARIO: rows}))


@pytest.fixture(params=["report", "comparison"])
def any_page(request: pytest.FixtureRequest) -> Path:
    path = request.getfixturevalue(request.param)
    assert isinstance(path, Path)
    return path


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)]
)
def test_drawn_quietly_and_within_the_screen(
    page: Page, any_page: Path, width: int, dark: bool
) -> None:
    assert any_page.stat().st_size < SIZE_LIMIT
    page.open(any_page, width=width, dark=dark)
    assert page.problems == []
    assert page.requested == [any_page.as_uri()]
    drawn = page.evaluate(DRAWN)
    assert len(drawn) == int(page.evaluate("document.documentElement.dataset.charts")) >= 3
    assert min(drawn) > 500
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FAINT) == []


def test_everything_has_a_name_and_every_chart_a_table(page: Page, any_page: Path) -> None:
    page.open(any_page)
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(TWICE) == []
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in tree:
        role = node.get("role", {}).get("value", "")
        roles.setdefault(role, []).append(node.get("name", {}).get("value", ""))
    assert roles["main"]
    assert len(roles["image"]) >= 3
    assert all("median" in name or "half" in name or "." in name for name in roles["image"])


def test_verdict_and_objectives_come_first(page: Page, report: Path) -> None:
    page.open(report)
    top: dict[str, Any] = page.evaluate(
        """({h1: document.querySelector('h1').innerText,
            limits: document.querySelector('.limits').getBoundingClientRect().top,
            title: document.title})"""
    )
    assert top["h1"].startswith("FAIL")
    assert top["limits"] < 900
    assert top["title"].startswith("fail: janbench")


def test_theme_is_changed_with_the_keyboard(page: Page, report: Path) -> None:
    page.open(report)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "theme"
    for mode in ("light", "dark"):
        page.press("Enter")
        assert page.evaluate("document.documentElement.dataset.theme") == mode
    assert page.evaluate(background) != light
    assert page.evaluate("document.getElementById('theme').innerText") == "Theme: dark"
    axis = """[...Bokeh.documents[0]._all_models.values()]
      .find((m) => m.type === 'LinearAxis').major_label_text_color"""
    quiet = "getComputedStyle(document.documentElement).getPropertyValue('--quiet').trim()"
    assert page.evaluate(axis) == page.evaluate(quiet)
    page.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "auto"
    assert page.problems == []


def test_what_a_server_sends_stays_text(page: Page, tmp_path: Path) -> None:
    path = build(tmp_path, HOSTILE)
    page.open(path)
    assert page.problems == []
    assert page.requested == [path.as_uri()]
    assert page.evaluate("document.querySelectorAll('img, iframe, object').length") == 0
    # The charts' data, the library and the page's own script.
    assert page.evaluate("document.scripts.length") == 3
    assert "onerror=alert(2)" in page.evaluate("document.body.innerText")
    assert min(page.evaluate(DRAWN)) > 500


def test_a_script_that_got_in_would_not_run(page: Page, report: Path, tmp_path: Path) -> None:
    path = tmp_path / "tampered.html"
    attack = "<script>window.ran = true</script><img src=x onerror='window.ran = true'>"
    text = report.read_text(encoding="utf-8").replace("<main", attack + "<main", 1)
    path.write_text(text, encoding="utf-8")
    page.open(path)
    assert page.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in problem for problem in page.problems)


def test_a_run_without_any_records_needs_no_charts(page: Page, tmp_path: Path) -> None:
    run = run_result(scenario_result(timing="direct"))
    folder = write_run(tmp_path, run)
    path = folder / "report.html"
    with path.open("w", encoding="utf-8") as out:
        write_run_html(LoadedRun(run, folder), out)
    assert path.stat().st_size < 100_000
    page.open(path)
    assert page.problems == []
    assert "Run with --timing proxy" in page.evaluate("document.body.innerText")

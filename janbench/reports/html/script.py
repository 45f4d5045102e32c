"""What runs in the browser: Bokeh's library, the charts as data, and the page's own script.

Every script is named by its hash in the page's Content-Security-Policy, so that text which came
from a server could not run even if it got past the escaping, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from janbench.reports.html.chart import Chart

_FOLDER = Path(__file__).parent.parent / "templates"


@cache
def library() -> str:
    """Return BokehJS, without what only its server and its widgets need."""
    from bokeh.resources import Resources

    parts = Resources(mode="inline", components=["bokeh"], minified=True).js_raw
    return _in_script("\n".join(parts))


@cache
def page_script() -> str:
    """Return the page's own script: it embeds the charts and follows the theme."""
    return _in_script((_FOLDER / "report.js").read_text(encoding="utf-8"))


@cache
def style() -> str:
    """Return the page's style sheet."""
    return (_FOLDER / "report.css").read_text(encoding="utf-8")


def charts_as_data(charts: Sequence[Chart]) -> str:
    """Return the charts as JSON that may stand inside a script element."""
    from bokeh.core.types import ID
    from bokeh.embed import json_item

    items = [json_item(chart.model, target=ID(chart.id)) for chart in charts]
    text = json.dumps(items, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def security_policy(scripts: Sequence[str]) -> str:
    """Return the policy: these scripts and no others, inline styles, nothing from the network."""
    hashes = " ".join(f"'sha256-{_sha256(text)}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_script(text: str) -> str:
    # An HTML parser ends a script at this text wherever it stands, in a string too.
    return re.sub(r"</(?=script)", r"<\\/", text.replace("\r\n", "\n"), flags=re.IGNORECASE)

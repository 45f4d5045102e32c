"""`report.html`: one file that opens offline, with its charts, in light and dark.

`page` writes it, `view` turns a result into rows of text, `charts` builds the charts, `script`
holds what runs in the browser; `comparison_page` does the same for two runs.
"""

from janbench.reports.html.comparison_page import write_comparison_html
from janbench.reports.html.page import write_html
from janbench.reports.html.view import step_titles

__all__ = ["step_titles", "write_comparison_html", "write_html"]

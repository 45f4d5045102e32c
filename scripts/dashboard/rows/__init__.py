"""The rows of the dashboard, in the order in which they answer questions."""

from __future__ import annotations

from scripts.dashboard.panels import Row
from scripts.dashboard.rows import compare, http, journey, llm, load, moving, verdict


def rows() -> list[Row]:
    """Return the rows from top to bottom."""
    modules = (verdict, llm, journey, http, load, compare, moving)
    return [module.row() for module in modules]

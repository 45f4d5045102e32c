"""Opens the records of a scenario as one DuckDB view, whatever version of janbench wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from janbench.errors import ConfigError
from janbench.model.results.record import COLUMNS
from janbench.model.text.sql import quoted

if TYPE_CHECKING:
    import duckdb

ENDED_AFTER_MS = "(coalesce(e2e_ms, ttfb_ms, 0) + coalesce(finalize_ms, 0))"
"""How long a request took, as far as it is known: from written to the end of its answer."""
# A report of a million records is made within this, beside Python and the charts' own needs.
_MEMORY = "256MB"


def open_records(parquet: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with the view `records`; a column that the file lacks is NULL.

    The caller closes it. Raises ConfigError when the file can't be read.
    """
    # Imported here: it takes a quarter of a second that `janbench --help` shouldn't pay.
    import duckdb

    connection = duckdb.connect()
    source = f"read_parquet({quoted(parquet)})"
    try:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET threads = 2")
        connection.execute("SET preserve_insertion_order = false")
        found = {row[0] for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
        columns = ", ".join(
            f'CAST({_name(column.name, found)} AS {column.sql_type}) AS "{column.name}"'
            for column in COLUMNS
        )
        connection.execute(f"CREATE VIEW records AS SELECT {columns} FROM {source}")  # noqa: S608
    except duckdb.Error as error:
        connection.close()
        raise ConfigError(
            f"the records can't be read: {str(error).splitlines()[0]}",
            where=str(parquet),
            hint="Move the file away to report without its charts.",
        ) from None
    return connection


def _name(column: str, found: set[str]) -> str:
    return f'"{column}"' if column in found else "NULL"

"""The records of a run, read with DuckDB."""

"""Records of requests: the proxy's JSON lines into Parquet, and exact figures out of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from janbench.errors import EngineError
from janbench.model.metric import METRICS
from janbench.model.results.distribution import Distribution
from janbench.model.results.record import duckdb_columns
from janbench.model.text.sql import quoted
from janbench.results.records.distributions import bounds_of, distribution_of, summary_of
from janbench.results.records.table import ENDED_AFTER_MS

if TYPE_CHECKING:
    import duckdb


def _meets(name: str, limit: float, form: str) -> str:
    metric = METRICS[name]
    sql = getattr(metric, form) or metric.sql
    comparison = ">=" if metric.better == "higher" else "<="
    met = f"coalesce({sql} {comparison} {limit!r}, false)"
    if metric.streamed:
        met = f"(NOT coalesce(stream, false) OR {met})"
    return f"(NOT ({metric.has_it}) OR {met})" if metric.has_it else met


def write_parquet(folders: Sequence[Path], parquet: Path) -> bool:
    """Turn the JSON lines of folders into one Parquet file, sorted by time; False without any.

    Lines that a crash cut short are left out, and so are requests of a warm-up or cool-down.
    The JSON lines go away once the table is written. Raises EngineError when it can't be (a full
    disk); they are kept then.
    """
    lines = [path for folder in folders for path in sorted(folder.glob("records-*.jsonl"))]
    if not any(path.stat().st_size for path in lines):
        return False
    import duckdb

    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in duckdb_columns().items())
    files = ", ".join(quoted(path) for path in lines)
    partial = parquet.with_suffix(".tmp")
    query = f"""COPY (
          SELECT * FROM read_json([{files}], format='newline_delimited',
            ignore_errors=true, columns={{{columns}}})
          WHERE time IS NOT NULL AND coalesce(lane, '') NOT IN ('warmup', 'cooldown')
          ORDER BY time
        ) TO {quoted(partial)} (FORMAT parquet, COMPRESSION zstd)"""  # noqa: S608
    try:
        with duckdb.connect() as connection:
            connection.execute(query)
    except duckdb.Error as error:
        partial.unlink(missing_ok=True)
        full = "No space left" in str(error)
        why = "the disk is full" if full else str(error).splitlines()[0]
        raise EngineError(
            f"the records can't be written as {parquet.name}: {why}",
            hint=f"They are kept as JSON lines in {parquet.parent}.",
        ) from None
    partial.replace(parquet)
    for path in lines:
        path.unlink()
    return True


def merge_parquet(parts: Sequence[Path], target: Path) -> None:
    """Put the records of several runs into one file, sorted by time; parts that aren't there don't
    count, and without any there is no file.
    """
    there = [path for path in parts if path.exists()]
    if not there:
        return
    import duckdb

    files = ", ".join(quoted(path) for path in there)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet([{files}]) ORDER BY time) "  # noqa: S608
            f"TO {quoted(target)} (FORMAT parquet, COMPRESSION zstd)"
        )


class Records:
    """The records of one scenario, opened for questions."""

    def __init__(self, parquet: Path) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()
        self._connection.execute(
            f"CREATE VIEW records AS SELECT * FROM read_parquet({quoted(parquet)})"  # noqa: S608
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def distribution(self, metric: str, steps: Sequence[str]) -> Distribution | None:
        """Return the exact distribution of a metric over the good requests of these steps."""
        found = METRICS[metric]
        whole = self._summary(found.sql, steps)
        if whole is None or not (self.bounded and found.sql_low and found.sql_high):
            return whole
        low, high = self._summary(found.sql_low, steps), self._summary(found.sql_high, steps)
        return whole.model_copy(update={"bounds": bounds_of(low, high)})

    def _summary(self, sql: str | None, steps: Sequence[str]) -> Distribution | None:
        rows = self.ask(
            f"""WITH samples AS (
              SELECT {sql} AS v FROM records WHERE integrity = 'ok' AND list_contains(?, step)
            ) SELECT {summary_of("v")} FROM samples""",  # noqa: S608
            [list(steps)],
        )
        return distribution_of(rows[0][0])

    @cached_property
    def read_together(self) -> int:
        """How many content events were read together with later ones."""
        query = "SELECT coalesce(sum(len([w for w in widths_ms if w > 0])), 0) FROM records"
        return int(self.ask(query, [])[0][0])

    @cached_property
    def bounded(self) -> bool:
        """Whether any time is known only within bounds."""
        query = "SELECT count(start_width_ms) FROM records"
        return bool(self.read_together or self.ask(query, [])[0][0])

    def events(self) -> tuple[int, int]:
        """Return the content events, and those in one packet with the one before."""
        query = """SELECT coalesce(sum(content_events), 0), coalesce(sum(sent_together), 0)
                   FROM records"""
        events, together = self.ask(query, [])[0]
        return int(events), int(together)

    def classes(self) -> dict[str, int]:
        """Count the streams by integrity class."""
        return dict(self.ask("SELECT integrity, count(*) FROM records WHERE stream GROUP BY 1", []))

    def notes(self) -> dict[str, int]:
        """Count the answers by what should be known of them."""
        rows = self.ask(
            """SELECT unnest(string_split(notes, '; ')) AS note, count(*) FROM records
               WHERE notes IS NOT NULL AND step IS NOT NULL GROUP BY 1 ORDER BY 1""",
            [],
        )
        return {str(note): int(count) for note, count in rows}

    def why_untimed(self) -> str:
        """Say why good streams have no times, as most of them tell; empty when they have."""
        rows = self.ask(
            """SELECT detail FROM records
               WHERE stream AND integrity = 'ok' AND ttft_ms IS NULL AND detail IS NOT NULL
               GROUP BY 1 ORDER BY count(*) DESC, detail LIMIT 1""",
            [],
        )
        return str(rows[0][0]) if rows else ""

    def cut_off(self) -> int:
        """Count the streams that k6 dropped in the last second: in flight when it ended the run."""
        rows = self.ask(
            r"""WITH dropped AS (
                  SELECT time + regexp_extract(detail, 'after ([0-9.]+) s', 1)::DOUBLE AS moment
                  FROM records
                  WHERE stream AND integrity = 'timeout' AND detail LIKE 'the client gave up after%'
                ) SELECT count(*) FROM dropped WHERE moment > (SELECT max(moment) FROM dropped) - 1
                AND moment > (SELECT max(time) FROM records) - 1""",
            [],
        )
        return int(rows[0][0])

    def tokens(self) -> tuple[int, list[str]]:
        """Return the output tokens of all good requests, and where the numbers come from."""
        rows = self.ask(
            """SELECT coalesce(sum(output_tokens), 0), list(DISTINCT tokens_source) FROM records
               WHERE integrity = 'ok' AND output_tokens IS NOT NULL""",
            [],
        )
        total, sources = rows[0]
        return int(total), sorted(source for source in sources or () if source)

    def within(
        self, steps: Sequence[str], limits: Sequence[tuple[str, float]], form: str = "sql"
    ) -> tuple[int, int]:
        """Count the requests of these steps that ended well and met every limit; and all of them.

        A figure that is missing fails its limit, except where a request can't have it: a whole
        answer has no first token, and a single token no time per further one. `form` is the column
        of the registry that gives the figures: `sql`, `sql_low`, `sql_high`.
        """
        met = " AND ".join(["integrity = 'ok'", *(_meets(*limit, form) for limit in limits)])
        rows = self.ask(
            f"SELECT count(*) FILTER (WHERE {met}), count(*) FROM records "  # noqa: S608
            "WHERE list_contains(?, step)",
            [list(steps)],
        )
        good, total = rows[0]
        return int(good), int(total)

    def course(self, steps: Sequence[str]) -> tuple[Any, Any, Any]:
        """Return when requests of these steps began and ended, and which were good.

        Three NumPy arrays; times are in s from the start of the load. The end of a request that
        never got its answer is infinite.
        """
        relation = self._connection.execute(
            f"""WITH load AS (SELECT min(time - iteration_at_ms / 1000) AS zero FROM records)
                SELECT time - zero AS began, integrity = 'ok' AS ok,
                  CASE WHEN status IS NULL OR integrity IN ('timeout', 'stalled') THEN 'inf'::DOUBLE
                    ELSE time - zero + {ENDED_AFTER_MS} / 1000 END AS ended
                FROM load, records WHERE list_contains(?, step) ORDER BY began""",  # noqa: S608
            [list(steps)],
        )
        columns = relation.fetchnumpy()
        return columns["began"], columns["ended"], columns["ok"]

    def statuses(self) -> dict[str, int]:
        """Count the requests by the status that the target answered with; '0': no answer."""
        rows = self.ask(
            """SELECT CASE WHEN origin = 'proxy' THEN '0' ELSE coalesce(status, 0)::VARCHAR END,
               count(*) FROM records GROUP BY 1 ORDER BY 1""",
            [],
        )
        return {str(status): int(count) for status, count in rows}

    def rate_limit(self) -> str:
        """Return what most refusals said of a rate limit; empty when none said any."""
        rows = self.ask("SELECT coalesce(mode(rate_limit), '') FROM records", [])
        return str(rows[0][0])

    def good_and_window(self, steps: Sequence[str]) -> tuple[int, float]:
        """Count the good requests of these steps; and return the time of all of them, in s.

        That is from the start of the first to the end of the last, whether it ended well or not.
        """
        row = self.ask(
            f"""SELECT count_if(integrity = 'ok'), max(time + {ENDED_AFTER_MS} / 1000) - min(time)
                FROM records WHERE list_contains(?, step)""",  # noqa: S608
            [list(steps)],
        )[0]
        return int(row[0] or 0), float(row[1] or 0.0)

    def tokens_of(self, step: str) -> int:
        """Return the output tokens of a step's good requests."""
        rows = self.ask(
            "SELECT coalesce(sum(output_tokens), 0) FROM records "
            "WHERE integrity = 'ok' AND step = ?",
            [step],
        )
        return int(rows[0][0])

    def input_tokens_of(self, step: str) -> float | None:
        """Return the mean of the prompt tokens in a step's good requests, as the target counts."""
        query = "SELECT avg(input_tokens) FROM records WHERE integrity = 'ok' AND step = ?"
        mean = self.ask(query, [step])[0][0]
        return None if mean is None else round(float(mean), 2)

    def client_errors(self) -> int:
        """Count the requests that failed for want of means on this machine."""
        rows = self.ask(
            "SELECT count(*) FROM records WHERE origin = 'proxy' AND detail LIKE 'local:%'", []
        )
        return int(rows[0][0])

    def ask(self, query: str, values: list[Any]) -> list[Any]:
        """Return the rows of a query of the view `records`."""
        return self._connection.execute(query, values).fetchall()


def read_proxy_stats(folder: Path) -> dict[str, Any]:
    """Read what the proxy says of itself; empty when it left nothing."""
    with contextlib.suppress(OSError, ValueError):
        stats = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
        if isinstance(stats, dict):
            return stats
    return {}

"""How each job's executions ended, counted by the hour as they end; a list of jobs reads these and not the history."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.record import Record


class JobStats(Record):
    """One job's final executions over some hours, by status; `timed` of them have a duration, in milliseconds."""

    job_id: str
    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    lost: int
    missed: int
    timed: int
    duration_sum_ms: int
    duration_max_ms: int

    @property
    def duration_mean_ms(self) -> float | None:
        """The mean duration; None when nothing ran."""
        return self.duration_sum_ms / self.timed if self.timed else None


_SINCE = """
SELECT job_id, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed, sum(skipped)::bigint AS skipped,
       sum(cancelled)::bigint AS cancelled, sum(lost)::bigint AS lost, sum(missed)::bigint AS missed,
       sum(timed)::bigint AS timed, sum(duration_sum_ms)::bigint AS duration_sum_ms,
       max(duration_max_ms) AS duration_max_ms
FROM lamplighter.job_stats_hourly
WHERE hour >= date_trunc('hour', %s::timestamptz, 'UTC')
GROUP BY job_id
"""


def since(connection: Connection, at: datetime) -> dict[str, JobStats]:
    """The counts of every job that ended something since the beginning of the hour that holds this instant, by id."""
    with connection.cursor(row_factory=class_row(JobStats)) as cursor:
        return {row.job_id: row for row in cursor.execute(_SINCE, (at,)).fetchall()}


def delete_before(connection: Connection, at: datetime) -> int:
    """Delete the hours that began before this instant; how many rows. The primary key finds them."""
    return connection.execute("DELETE FROM lamplighter.job_stats_hourly WHERE hour < %s", (at,)).rowcount

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


# Hour by hour, from the first that is not there yet. Every array of all jobs has all 76 steps, from 0.
_ROLL_UP = """
WITH due AS (
    SELECT * FROM lamplighter.job_stats_hourly
    WHERE hour < date_trunc('hour', %s::timestamptz, 'UTC')
      AND hour > coalesce((SELECT max(hour) FROM lamplighter.stats_hourly), '-infinity')
), took AS (
    SELECT hour, array_lower(durations, 1) + t.place - 1 AS n, sum(t.how_many) AS how_many
    FROM due, unnest(durations) WITH ORDINALITY AS t(how_many, place) GROUP BY 1, 2
), scales AS (
    SELECT h.hour, ('[0:75]=' || array_agg(coalesce(t.how_many, 0) ORDER BY n)::text)::integer[] AS durations
    FROM (SELECT DISTINCT hour FROM due) AS h CROSS JOIN generate_series(0, 75) AS n LEFT JOIN took t USING (hour, n)
    GROUP BY h.hour
)
INSERT INTO lamplighter.stats_hourly
    (hour, succeeded, failed, skipped, cancelled, lost, missed, timed, duration_sum_ms, duration_max_ms, durations)
SELECT hour, sum(d.succeeded), sum(d.failed), sum(d.skipped), sum(d.cancelled), sum(d.lost), sum(d.missed),
       sum(d.timed), sum(d.duration_sum_ms), max(d.duration_max_ms), s.durations
FROM due d JOIN scales s USING (hour)
GROUP BY hour, s.durations
ON CONFLICT DO NOTHING
"""


def roll_up(connection: Connection, *, before: datetime) -> int:
    """Add up, for all jobs together, the hours before the one that holds this instant; how many. Once for each hour,
    so before must be long enough ago for nothing to be counted in them any more."""
    return connection.execute(_ROLL_UP, (before,)).rowcount


def delete_before(connection: Connection, at: datetime) -> int:
    """Delete the hours that began before this instant; how many rows of jobs. The primary keys find them."""
    connection.execute("DELETE FROM lamplighter.stats_hourly WHERE hour < %s", (at,))
    return connection.execute("DELETE FROM lamplighter.job_stats_hourly WHERE hour < %s", (at,)).rowcount

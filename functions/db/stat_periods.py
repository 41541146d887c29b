"""How executions ended and how long they took, by the hour or the day, of one job or of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class PeriodRow:
    """What ended in the hour or day (UTC) that began at this instant; `timed` of it has a duration, in milliseconds."""

    at: datetime
    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    lost: int
    missed: int
    timed: int
    duration_sum_ms: int
    duration_max_ms: int


# How many took as long as a step of count_execution.sql says, by step.
Scale = Mapping[int, int]

_SUMS = """
SELECT date_trunc(%(by)s, hour, 'UTC') AS at, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed,
       sum(skipped)::bigint AS skipped, sum(cancelled)::bigint AS cancelled, sum(lost)::bigint AS lost,
       sum(missed)::bigint AS missed, sum(timed)::bigint AS timed, sum(duration_sum_ms)::bigint AS duration_sum_ms,
       max(duration_max_ms) AS duration_max_ms
FROM hours GROUP BY 1 ORDER BY 1
"""
_SCALES = """
SELECT date_trunc(%(by)s, hour, 'UTC') AS at, array_lower(durations, 1) + t.place - 1 AS n, sum(t.how_many)::bigint
FROM hours, unnest(durations) WITH ORDINALITY AS t(how_many, place) WHERE t.how_many > 0 GROUP BY 1, 2
"""
_COLUMNS = """
SELECT hour, succeeded, failed, skipped, cancelled, lost, missed, timed, duration_sum_ms, duration_max_ms,
       durations"""
# What has been rolled up, and after that the jobs' own hours.
_OF_ALL = f"""
WITH hours AS (
    {_COLUMNS} FROM lamplighter.stats_hourly WHERE hour >= %(since_at)s AND hour < %(until_at)s
    UNION ALL
    {_COLUMNS} FROM lamplighter.job_stats_hourly
    WHERE hour >= %(since_at)s AND hour < %(until_at)s
      AND hour > coalesce((SELECT max(hour) FROM lamplighter.stats_hourly), '-infinity')
)"""  # noqa: S608 - all of it is written here
# The primary key begins with the hour: each of the job's hours is looked up by itself.
_OF_JOB = f"""
WITH hours AS (
    SELECT s.* FROM generate_series(%(since_at)s, %(until_at)s - interval '1 hour', interval '1 hour') AS h,
    LATERAL ({_COLUMNS} FROM lamplighter.job_stats_hourly WHERE hour = h AND job_id = %(job_id)s OFFSET 0) AS s
)"""  # noqa: S608 - all of it is written here


def periods(
    connection: Connection, *, by: str, since_at: datetime, until_at: datetime, job_id: str | None
) -> tuple[list[PeriodRow], dict[datetime, Scale]]:
    """The periods (`hour` or `day`) in which something ended, in order, and their scales of durations; of all jobs
    without a job. Both instants are whole hours, the second one is not part of it."""
    values: dict[str, Any] = {"by": by, "since_at": since_at, "until_at": until_at, "job_id": job_id}
    hours = _OF_ALL if job_id is None else _OF_JOB
    with connection.cursor(row_factory=class_row(PeriodRow)) as cursor:
        rows = cursor.execute((hours + _SUMS).encode(), values).fetchall()
    scales: dict[datetime, dict[int, int]] = defaultdict(dict)
    for at, step, how_many in connection.execute((hours + _SCALES).encode(), values).fetchall():
        scales[at][step] = how_many
    return rows, dict(scales)

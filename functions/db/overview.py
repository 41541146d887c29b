"""What an overview is made of: what runs, what went wrong and where, what waits, what is next. Each is cheap to ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import args_row, class_row

from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class Running:
    """One execution that runs, with its progress as in ListedExecution; usual_ms: what its job took the last time.

    total: how many run, also those that were not asked for.
    """

    id: uuid.UUID
    job_id: str
    cause: str
    attempt: int
    started_at: datetime
    progress: list[dict[str, Any]] | None
    usual_ms: int | None
    total: int


# execution_running has all there is; whose lease is over is lost, and is marked as that within a minute.
_RUNNING = """
SELECT e.id, e.job_id, e.cause, e.attempt, e.started_at, e.progress, j.last_duration_ms AS usual_ms,
       count(*) OVER () AS total
FROM lamplighter.execution e LEFT JOIN lamplighter.job j ON j.id = e.job_id
WHERE e.status = 'running' AND e.lease_expires_at > clock_timestamp()
ORDER BY e.started_at, e.id LIMIT %s
"""


def running(connection: Connection, *, limit: int) -> list[Running]:
    """What runs now, the oldest first."""
    with connection.cursor(row_factory=class_row(Running)) as cursor:
        return cursor.execute(_RUNNING, (limit,)).fetchall()


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How often one job failed, was lost or missed, and the newest of these executions: None once its row is gone.

    total, executions: how many jobs have trouble, and how often in all, also those that were not asked for. The message
    ends after 300 characters.
    """

    job_id: str
    failed: int
    lost: int
    missed: int
    execution_id: uuid.UUID | None
    status: str | None
    at: datetime | None
    error_type: str | None
    error_message: str | None
    total: int
    executions: int


# The hours' counts say which jobs; then each of those few has its newest such execution looked up, a probe of
# execution_of_note for each status with each cause. However much went wrong: it costs the same.
_TROUBLES = """
WITH counted AS (
    SELECT job_id, sum(failed)::bigint AS failed, sum(lost)::bigint AS lost, sum(missed)::bigint AS missed,
           max(hour) AS hour
    FROM lamplighter.job_stats_hourly
    WHERE hour >= %(since_at)s AND (failed > 0 OR lost > 0 OR missed > 0) GROUP BY job_id
), shown AS (
    SELECT *, count(*) OVER () AS total, (sum(failed + lost + missed) OVER ())::bigint AS executions FROM counted
    ORDER BY hour DESC, failed + lost + missed DESC, job_id LIMIT %(limit)s
)
SELECT s.job_id, s.failed, s.lost, s.missed, s.total, s.executions, n.id AS execution_id, n.status, n.finished_at AS at,
       n.error_type, left(n.error_message, 300) AS error_message
FROM shown s LEFT JOIN LATERAL (
    SELECT w.* FROM unnest(ARRAY['failed', 'lost', 'missed']) AS t(status),
    unnest(ARRAY['schedule', 'manual', 'retry', 'backfill', 'catch_up', 'one_time']) AS c(cause), LATERAL (
        SELECT e.id, e.status, e.finished_at, e.error_type, e.error_message FROM lamplighter.execution e
        WHERE e.job_id = s.job_id AND e.status = t.status AND e.cause = c.cause
          AND e.status <> 'running' AND (e.status <> 'succeeded' OR e.cause NOT IN ('schedule', 'one_time'))
        ORDER BY e.scheduled_at DESC LIMIT 1
    ) w
    ORDER BY w.finished_at DESC LIMIT 1
) n ON true
ORDER BY n.finished_at DESC NULLS LAST, s.job_id
"""


def troubles(connection: Connection, *, since_at: datetime, limit: int) -> list[Trouble]:
    """The jobs with executions that ended badly since this whole hour, those with the newest one first."""
    with connection.cursor(row_factory=class_row(Trouble)) as cursor:
        return cursor.execute(_TROUBLES, {"since_at": since_at, "limit": limit}).fetchall()


class Ended(NamedTuple):
    """How executions of all jobs ended in one period, which begins at this instant."""

    at: datetime
    succeeded: int
    failed: int
    lost: int
    missed: int
    skipped: int

    @property
    def bad(self) -> int:
        """How many went wrong."""
        return self.failed + self.lost + self.missed

    @property
    def share(self) -> float | None:
        """How much of what ran, or should have, went well: 0 to 1; None where there was nothing."""
        return self.succeeded / (self.succeeded + self.bad) if self.succeeded + self.bad else None


# What is rolled up, and after that the jobs' own hours (stat_periods.py), without what takes long: the durations.
_ENDED = """
SELECT hour, sum(succeeded)::bigint, sum(failed)::bigint, sum(lost)::bigint, sum(missed)::bigint, sum(skipped)::bigint
FROM (
    SELECT hour, succeeded, failed, lost, missed, skipped FROM lamplighter.stats_hourly WHERE hour >= %(since_at)s
    UNION ALL
    SELECT hour, succeeded, failed, lost, missed, skipped FROM lamplighter.job_stats_hourly
    WHERE hour >= %(since_at)s AND hour > coalesce((SELECT max(hour) FROM lamplighter.stats_hourly), '-infinity')
) AS hours
GROUP BY hour ORDER BY hour
"""


def ended(connection: Connection, *, since_at: datetime) -> list[Ended]:
    """The hours since a whole one in which anything ended, in order."""
    with connection.cursor(row_factory=args_row(Ended)) as cursor:
        return cursor.execute(_ENDED, {"since_at": since_at}).fetchall()


class Waiting(NamedTuple):
    """How many executions wait: for a place to run, for their time or another's end, for their next attempt."""

    queued: int
    scheduled: int
    retrying: int


_WAITING = """
SELECT (SELECT count(*) FROM lamplighter.execution WHERE status = 'queued'),
       (SELECT count(*) FROM lamplighter.execution WHERE status = 'scheduled'),
       (SELECT count(*) FROM lamplighter.execution WHERE status = 'retrying')
"""


def waiting(connection: Connection) -> Waiting:
    """What waits, counted from the partial indexes there are for it."""
    with connection.cursor(row_factory=args_row(Waiting)) as cursor:
        found = cursor.execute(_WAITING).fetchone()
    assert found is not None
    return found


class Due(NamedTuple):
    """A job that fires soon: its schedule, and the next execution as it is stored."""

    id: str
    schedule: str
    timezone: str
    next_execution_at: datetime


_DUE = """
SELECT id, definition ->> 'schedule', definition ->> 'timezone', next_execution_at FROM lamplighter.job
WHERE in_code AND NOT is_by_hand AND removed_at IS NULL AND (paused_at IS NULL OR resume_at <= statement_timestamp())
  AND next_execution_at > %(after)s AND next_execution_at < %(before)s
ORDER BY next_execution_at, id
"""


def due(connection: Connection, *, after: datetime, before: datetime) -> list[Due]:
    """The jobs that are fired between these instants, the next one first; functions/scheduling/next_executions.py has
    brought what is stored up to date."""
    with connection.cursor(row_factory=args_row(Due)) as cursor:
        return cursor.execute(_DUE, {"after": after, "before": before}).fetchall()

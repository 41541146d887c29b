"""Executions that wait for an event that should have come by now: queued ones, and retries that are due."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class OverdueExecution:
    """An execution to send an event for, and the cause that event has."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    cause: str


# Marked as it is read, and rows another sweep holds are left to it: of several sweeps at once one sends the event.
# Each branch walks an index of its own; only executions are locked, so no claim can be in a deadlock with this.
_TAKE = """
WITH retries AS (
    SELECT id, scheduled_at FROM lamplighter.execution
    WHERE status = 'retrying' AND retry_at <= clock_timestamp() - %(patience)s
      AND (dispatched_at IS NULL OR dispatched_at <= clock_timestamp() - %(patience)s)
    ORDER BY retry_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), queued AS (
    SELECT id, scheduled_at FROM lamplighter.execution
    WHERE status = 'queued' AND created_at <= clock_timestamp() - %(patience)s
      AND (dispatched_at IS NULL OR dispatched_at <= clock_timestamp() - %(patience)s)
    ORDER BY created_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE lamplighter.execution e SET dispatched_at = clock_timestamp()
FROM (SELECT * FROM retries UNION ALL SELECT * FROM queued) AS o
WHERE e.id = o.id AND e.scheduled_at = o.scheduled_at
RETURNING e.id, e.job_id, e.scheduled_at, CASE WHEN e.status = 'retrying' THEN 'retry' ELSE e.cause END AS cause
"""


def take_overdue(connection: Connection, *, patience: timedelta, limit: int) -> list[OverdueExecution]:
    """What has waited longer than `patience` for its event, at most twice `limit`; not given out again for as long."""
    with connection.cursor(row_factory=class_row(OverdueExecution)) as cursor:
        return cursor.execute(_TAKE, {"patience": patience, "limit": limit}).fetchall()


_END_WITHOUT_JOB = """
WITH job AS (
    SELECT id FROM lamplighter.job WHERE NOT in_code ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
    UPDATE lamplighter.execution e SET status = 'failed', reason = 'removed', retry_at = NULL,
           finished_at = clock_timestamp()
    FROM job
    WHERE job.id = e.job_id AND e.status IN ('queued', 'retrying')
    RETURNING e.job_id, e.status, e.finished_at
)
SELECT lamplighter.count_execution(job_id, status, finished_at) FROM ended
"""


def end_without_job(connection: Connection) -> int:
    """End what waits for a job that is no longer in code, since nothing is left to invoke; how many."""
    return connection.execute(_END_WITHOUT_JOB).rowcount

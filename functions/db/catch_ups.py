"""Catch-up executions: the newest occurrence a job missed while it was paused or the system was down, run once."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.dispatches import Waiting
from functions.db.partitions import ensure_month, is_missing_month

# As by a claim, and by itself: a pause is either over or not yet there, and what is read next is read after the wait.
_LOCK = """
SELECT FROM lamplighter.job
WHERE id = %(job_id)s AND in_code AND paused_at IS NULL AND removed_at IS NULL AND updated_at <= %(scheduled_at)s
FOR NO KEY UPDATE
"""
# An occurrence that was skipped for a pause becomes the catch-up's own row, and is not counted as skipped any more;
# anything else at this instant or after it means that nothing was missed.
_QUEUE = """
WITH skipped AS (
    SELECT job_id, status, finished_at FROM lamplighter.execution
    WHERE job_id = %(job_id)s AND scheduled_at = %(scheduled_at)s AND status = 'skipped'
), queued AS (
    INSERT INTO lamplighter.execution AS e (id, job_id, scheduled_at, cause, status)
    SELECT gen_random_uuid(), %(job_id)s, %(scheduled_at)s, 'catch_up', 'queued'
    WHERE NOT EXISTS (
        SELECT FROM lamplighter.execution n
        WHERE n.job_id = %(job_id)s AND n.scheduled_at >= %(scheduled_at)s AND n.cause IN ('schedule', 'catch_up')
          AND NOT (n.status = 'skipped' AND n.reason = 'paused'))
    ON CONFLICT (job_id, scheduled_at) DO UPDATE SET
        cause = 'catch_up', status = 'queued', reason = NULL, claim_token = NULL, created_at = clock_timestamp(),
        started_at = NULL, finished_at = NULL
    WHERE e.status = 'skipped' AND e.reason = 'paused'
    RETURNING e.id, e.job_id, e.scheduled_at, e.cause
), uncounted AS (
    SELECT lamplighter.uncount_execution(s.job_id, s.status, s.finished_at) FROM skipped s, queued
)
SELECT queued.* FROM queued WHERE (SELECT count(*) FROM uncounted) >= 0
"""


def queue_catch_up(connection: Connection, job_id: str, scheduled_at: datetime) -> Waiting | None:
    """Write down a catch-up execution of this occurrence; None when it was not missed, or the job is held again."""
    try:
        return _queue(connection, job_id, scheduled_at)
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    ensure_month(connection, scheduled_at)
    return _queue(connection, job_id, scheduled_at)


def _queue(connection: Connection, job_id: str, scheduled_at: datetime) -> Waiting | None:
    values = {"job_id": job_id, "scheduled_at": scheduled_at}
    with connection.transaction(), connection.cursor(row_factory=class_row(Waiting)) as cursor:
        if connection.execute(_LOCK, values).fetchone() is None:
            return None
        return cursor.execute(_QUEUE, values).fetchone()

"""Catch-up executions: the newest occurrence a job missed while it was paused or the system was down, run once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.overdue import OverdueExecution
from functions.db.partitions import ensure_month, is_missing_month


@dataclass(frozen=True, kw_only=True)
class CatchUpJob:
    """A job that wants to catch up, on what it missed since expected_from: before, it was another or not there."""

    id: str
    definition: Mapping[str, Any]
    expected_from: datetime
    last_fired_at: datetime | None


_WANTING = """
SELECT id, definition, updated_at AS expected_from, last_fired_at
FROM lamplighter.job
WHERE definition ->> 'misfire' = 'run_once' AND in_code AND paused_at IS NULL AND removed_at IS NULL
ORDER BY id
"""


def jobs_that_catch_up(connection: Connection) -> list[CatchUpJob]:
    """The jobs with misfire=run_once that could run now, by id."""
    with connection.cursor(row_factory=class_row(CatchUpJob)) as cursor:
        return cursor.execute(_WANTING).fetchall()


# The job's row is locked as by a claim: a pause is either over or not yet there. An occurrence that was skipped for a
# pause becomes the catch-up's own row; anything else at this instant or after it means that nothing was missed.
_QUEUE = """
WITH job AS (
    SELECT id FROM lamplighter.job
    WHERE id = %(job_id)s AND in_code AND paused_at IS NULL AND removed_at IS NULL AND updated_at <= %(scheduled_at)s
    FOR NO KEY UPDATE
)
INSERT INTO lamplighter.execution AS e (id, job_id, scheduled_at, cause, status)
SELECT gen_random_uuid(), job.id, %(scheduled_at)s, 'catch_up', 'queued'
FROM job
WHERE NOT EXISTS (
    SELECT FROM lamplighter.execution n
    WHERE n.job_id = %(job_id)s AND n.scheduled_at >= %(scheduled_at)s AND n.cause IN ('schedule', 'catch_up')
      AND NOT (n.status = 'skipped' AND n.reason = 'paused'))
ON CONFLICT (job_id, scheduled_at) DO UPDATE SET
    cause = 'catch_up', status = 'queued', reason = NULL, claim_token = NULL, created_at = clock_timestamp(),
    started_at = NULL, finished_at = NULL
WHERE e.status = 'skipped' AND e.reason = 'paused'
RETURNING e.id, e.job_id, e.scheduled_at, e.cause
"""


def queue_catch_up(connection: Connection, job_id: str, scheduled_at: datetime) -> OverdueExecution | None:
    """Write down a catch-up execution of this occurrence; None when it was not missed, or the job is held again."""
    try:
        return _queue(connection, job_id, scheduled_at)
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    ensure_month(connection, scheduled_at)
    return _queue(connection, job_id, scheduled_at)


def _queue(connection: Connection, job_id: str, scheduled_at: datetime) -> OverdueExecution | None:
    with connection.cursor(row_factory=class_row(OverdueExecution)) as cursor:
        return cursor.execute(_QUEUE, {"job_id": job_id, "scheduled_at": scheduled_at}).fetchone()

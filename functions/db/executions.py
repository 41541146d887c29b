"""Executions as people read them, and the ones they start by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.intents import listed
from functions.db.partitions import ensure_this_month, is_missing_month
from functions.errors import ExecutionNotFound


@dataclass(frozen=True, kw_only=True)
class ExecutionRow:
    """One execution; instants aware UTC, duration in milliseconds. `lost` also when nobody has marked it yet.

    progress: one item per bar, with label, done and total, in the order the job first named them.
    """

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    cause: str
    status: str
    reason: str | None
    attempt: int
    retry_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    error_type: str | None
    error_message: str | None
    error_stack: str | None
    progress: list[dict[str, Any]] | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None


_COLUMNS = """
SELECT id, job_id, scheduled_at, cause,
       CASE WHEN status = 'running' AND lease_expires_at <= clock_timestamp() THEN 'lost' ELSE status END AS status,
       progress, cancel_requested_at, cancel_requested_by, retry_at,
       reason, attempt, started_at, finished_at, duration_ms, error_type, error_message, error_stack
FROM lamplighter.execution
"""
_HISTORY = _COLUMNS + " WHERE job_id = %s ORDER BY scheduled_at DESC LIMIT %s"
_ONE = _COLUMNS + " WHERE id = %s"


def history(connection: Connection, job_id: str, *, limit: int) -> list[ExecutionRow]:
    """The newest executions of one job, by scheduled instant."""
    with connection.cursor(row_factory=class_row(ExecutionRow)) as cursor:
        return cursor.execute(_HISTORY.encode(), (job_id, limit)).fetchall()


def get(connection: Connection, execution_id: uuid.UUID) -> ExecutionRow:
    """One execution. Raises ExecutionNotFound."""
    with connection.cursor(row_factory=class_row(ExecutionRow)) as cursor:
        row = cursor.execute(_ONE.encode(), (execution_id,)).fetchone()
    if row is None:
        raise ExecutionNotFound(f"no execution has the id {execution_id}")
    return row


@dataclass(frozen=True, kw_only=True)
class QueuedExecution:
    """An execution that waits for its Lambda invocation."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime


# Never on a whole minute, where scheduled instants are; under the job's lock, so that two triggers get two instants.
_QUEUE = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, actor, request_id)
SELECT %(id)s, %(job_id)s, at + CASE WHEN extract(microseconds FROM at) = 0 THEN interval '1 microsecond'
                                     ELSE interval '0' END, 'manual', 'queued', %(actor)s, %(request_id)s
FROM (SELECT clock_timestamp() AS at) AS now
RETURNING id, job_id, scheduled_at
"""


def queue_manual(
    connection: Connection, job_id: str, author: Author, *, repeats: ExecutionRow | None = None
) -> QueuedExecution:
    """Write down an execution somebody asked for, before anything is invoked; also for a paused job.

    repeats: the execution of this job that is run again; only the audit row knows of it. Raises JobNotFound, also for a
    removed job.
    """
    try:
        return _queue(connection, job_id, author, repeats)
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    ensure_this_month(connection)
    return _queue(connection, job_id, author, repeats)


def _queue(connection: Connection, job_id: str, author: Author, repeats: ExecutionRow | None) -> QueuedExecution:
    values = {"id": uuid.uuid4(), "job_id": job_id, "actor": author.actor, "request_id": author.request_id}
    with connection.transaction(), connection.cursor(row_factory=class_row(QueuedExecution)) as cursor:
        listed(jobs.lock(connection, job_id))
        queued = cursor.execute(_QUEUE, values).fetchone()
        assert queued is not None
        _audit(connection, author, queued, repeats)
    return queued


def _audit(connection: Connection, author: Author, queued: QueuedExecution, repeats: ExecutionRow | None) -> None:
    after = {"execution_id": str(queued.id)}
    if repeats is None:
        audit.record(connection, author, "jobs.trigger", job_id=queued.job_id, after=after)
        return
    before = {"execution_id": str(repeats.id), "status": repeats.status}
    after["repeats"] = str(repeats.id)
    audit.record(connection, author, "executions.retry", job_id=queued.job_id, before=before, after=after)


_NOT_INVOKED = """
WITH failed AS (
    UPDATE lamplighter.execution SET status = 'failed', finished_at = clock_timestamp(),
           error_type = 'TriggerFailed', error_message = %(message)s
    WHERE id = %(id)s AND scheduled_at = %(scheduled_at)s AND status = 'queued'
    RETURNING job_id, status, finished_at
)
SELECT lamplighter.count_execution(job_id, status, finished_at) FROM failed
"""


def fail_queued(connection: Connection, queued: QueuedExecution, message: str) -> None:
    """Record that a queued execution could not be invoked; does nothing when it has started after all."""
    connection.execute(_NOT_INVOKED, {"message": message, "id": queued.id, "scheduled_at": queued.scheduled_at})

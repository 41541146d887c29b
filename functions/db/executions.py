"""Executions as people read them, and the ones they start by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from psycopg.rows import class_row

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.intents import listed
from functions.db.partitions import in_a_ready_month
from functions.errors import ExecutionNotFound
from functions.text import Text


@dataclass(frozen=True, kw_only=True)
class ListedExecution:
    """One execution of many; instants aware UTC, duration in milliseconds. `lost` also when nobody has marked it yet.

    progress: one item per bar, with label, done and total, in the order the job first named them. key: the one a
    one-time execution was enqueued with. repeats, repeated_by: which execution this one runs again, which one this one.
    due_at: when a one-time one is to start; None while it waits for the end of another, parent_id, which run_on names.
    dispatches, dispatched_at, dispatch_error: how often the sweep sent its event, when last, and what AWS then said; of
    a scheduled one dispatched_at alone says that EventBridge Scheduler brings it. job_paused_at is its job's.
    """

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    cause: str
    status: str
    reason: str | None
    attempt: int
    retry_at: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    error_type: str | None
    error_message: str | None
    dispatches: int
    dispatched_at: datetime | None
    dispatch_error: str | None
    parent_id: uuid.UUID | None
    run_on: str | None
    job_paused_at: datetime | None
    job_paused_by: str | None
    key: str | None
    progress: list[dict[str, Any]] | None
    repeats: uuid.UUID | None
    repeated_by: uuid.UUID | None


@dataclass(frozen=True, kw_only=True)
class ExecutionRow(ListedExecution):
    """One execution, whole."""

    error_stack: str | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None


@dataclass(frozen=True, kw_only=True)
class ExecutionDetail(ExecutionRow):
    """One execution with its params as they were given, and the names of those nobody may see.

    request_id: of the Lambda invocation that made the newest attempt; None before there was one.
    """

    params: dict[str, Any] | None
    secret_params: list[str] | None
    request_id: str | None


COLUMNS = """
SELECT e.id, e.job_id, e.scheduled_at, e.cause, e.reason, e.attempt, e.retry_at, e.due_at, e.started_at, e.finished_at,
       CASE WHEN e.status = 'running' AND e.lease_expires_at <= clock_timestamp() THEN 'lost' ELSE e.status
       END AS status,
       e.duration_ms, e.error_type, e.dispatches, e.dispatched_at, e.dispatch_error, c.parent_id, c.run_on,
       j.paused_at AS job_paused_at, j.paused_by AS job_paused_by, e.key, e.progress, e.repeats, e.repeated_by"""
TABLES = """
FROM lamplighter.execution e
LEFT JOIN lamplighter.job j ON j.id = e.job_id
LEFT JOIN lamplighter.chain c ON c.child_id = e.id
"""
_WHOLE = ", e.error_message, e.error_stack, e.cancel_requested_at, e.cancel_requested_by"
_DETAIL = _WHOLE + ", e.params, e.secret_params, CASE WHEN e.attempt > 0 THEN e.request_id END AS request_id"
_HISTORY = COLUMNS + _WHOLE + TABLES + " WHERE e.job_id = %s ORDER BY e.scheduled_at DESC LIMIT %s"
_ONE = COLUMNS + _DETAIL + TABLES + " WHERE e.id = %s"


def history(connection: Connection, job_id: str, *, limit: int) -> list[ExecutionRow]:
    """The newest executions of one job, by scheduled instant."""
    with connection.cursor(row_factory=class_row(ExecutionRow)) as cursor:
        return cursor.execute(_HISTORY.encode(), (job_id, limit)).fetchall()


def get(connection: Connection, execution_id: uuid.UUID) -> ExecutionDetail:
    """One execution. Raises ExecutionNotFound."""
    with connection.cursor(row_factory=class_row(ExecutionDetail)) as cursor:
        row = cursor.execute(_ONE.encode(), (execution_id,)).fetchone()
    if row is None:
        raise ExecutionNotFound(Text("no execution has the id %(id)s", id=execution_id))
    return row


# The statuses of what waits.
WAITING = ("queued", "scheduled", "retrying")


class Repeated(Protocol):
    """An execution that is to be run again."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def job_id(self) -> str: ...
    @property
    def scheduled_at(self) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class QueuedExecution:
    """An execution that waits for its Lambda invocation."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime


# Never on a whole second, where scheduled instants are, and the same as no other's that is written down before it runs.
_QUEUE = """
INSERT INTO lamplighter.execution
    (id, job_id, scheduled_at, cause, status, params, secret_params, actor, request_id, repeats)
SELECT %(id)s, %(job_id)s, now.at, 'manual', 'queued', r.params, r.secret_params, %(actor)s, %(request_id)s, r.id
FROM (SELECT lamplighter.fresh_instant() AS at) AS now
LEFT JOIN lamplighter.execution r ON r.id = %(repeats)s AND r.scheduled_at = %(repeats_at)s
RETURNING id, job_id, scheduled_at
"""


def queue_manual(connection: Connection, job_id: str, author: Author) -> QueuedExecution:
    """Write down an execution somebody asked for, before anything is invoked; also for a paused job.

    Raises JobNotFound, also for a removed job.
    """

    def write() -> QueuedExecution:
        with connection.transaction():
            listed(jobs.lock(connection, job_id))
            queued = _queue(connection, uuid.uuid4(), job_id, author, repeats=None)
            after = {"execution_id": str(queued.id)}
            audit.record(connection, author, "jobs.trigger", job_id=job_id, after=after)
        return queued

    return in_a_ready_month(connection, write)


# Whoever sets it runs the execution again, nobody else does: of two at once one waits for the job's row, and then sees
# that it has been set. The statuses are those services call retryable; such an end is for good, but a missed one's
# event may come after all.
_REPEAT = """
UPDATE lamplighter.execution SET repeated_by = %(new_id)s
WHERE id = %(id)s AND scheduled_at = %(scheduled_at)s AND repeated_by IS NULL
  AND status IN ('failed', 'lost', 'cancelled', 'missed')
RETURNING status
"""


def queue_repeat(connection: Connection, repeated: Repeated, author: Author) -> QueuedExecution | None:
    """Write down that an execution runs again, with its params; None, and nothing is written, when somebody was first.

    Raises JobNotFound, also for a removed job.
    """

    def write() -> QueuedExecution | None:
        new_id = uuid.uuid4()
        values = {"new_id": new_id, "id": repeated.id, "scheduled_at": repeated.scheduled_at}
        with connection.transaction():
            listed(jobs.lock(connection, repeated.job_id))
            marked = connection.execute(_REPEAT, values).fetchone()
            if marked is None:
                return None
            queued = _queue(connection, new_id, repeated.job_id, author, repeats=repeated)
            before = {"execution_id": str(repeated.id), "status": marked[0]}
            after = {"execution_id": str(new_id), "repeats": str(repeated.id)}
            audit.record(connection, author, "executions.retry", job_id=repeated.job_id, before=before, after=after)
        return queued

    return in_a_ready_month(connection, write)


def _queue(
    connection: Connection, new_id: uuid.UUID, job_id: str, author: Author, *, repeats: Repeated | None
) -> QueuedExecution:
    values = {"id": new_id, "job_id": job_id, "actor": author.actor, "request_id": author.request_id}
    values |= {"repeats": repeats and repeats.id, "repeats_at": repeats and repeats.scheduled_at}
    with connection.cursor(row_factory=class_row(QueuedExecution)) as cursor:
        queued = cursor.execute(_QUEUE, values).fetchone()
    assert queued is not None
    return queued


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

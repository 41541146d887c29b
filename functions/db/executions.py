"""Executions as people read them, and the ones they start by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.intents import listed
from functions.db.partitions import in_a_ready_month
from functions.errors import ExecutionNotFound


@dataclass(frozen=True, kw_only=True)
class ListedExecution:
    """One execution of many; instants aware UTC, duration in milliseconds. `lost` also when nobody has marked it yet.

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


@dataclass(frozen=True, kw_only=True)
class ExecutionRow(ListedExecution):
    """One execution. progress: one item per bar, with label, done and total, in the order the job first named them."""

    error_stack: str | None
    progress: list[dict[str, Any]] | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None


@dataclass(frozen=True, kw_only=True)
class ExecutionDetail(ExecutionRow):
    """One execution with its params as they were given, and the names of those nobody may see."""

    params: dict[str, Any] | None
    secret_params: list[str] | None


_COLUMNS = """
SELECT e.id, e.job_id, e.scheduled_at, e.cause, e.reason, e.attempt, e.retry_at, e.due_at, e.started_at, e.finished_at,
       CASE WHEN e.status = 'running' AND e.lease_expires_at <= clock_timestamp() THEN 'lost' ELSE e.status
       END AS status,
       e.duration_ms, e.error_type, e.dispatches, e.dispatched_at, e.dispatch_error, c.parent_id, c.run_on,
       j.paused_at AS job_paused_at, j.paused_by AS job_paused_by"""
_TABLES = """
FROM lamplighter.execution e
LEFT JOIN lamplighter.job j ON j.id = e.job_id
LEFT JOIN lamplighter.chain c ON c.child_id = e.id
"""
_WHOLE = ", e.error_message, e.error_stack, e.progress, e.cancel_requested_at, e.cancel_requested_by"
_HISTORY = _COLUMNS + _WHOLE + _TABLES + " WHERE e.job_id = %s ORDER BY e.scheduled_at DESC LIMIT %s"
_ONE = _COLUMNS + _WHOLE + ", e.params, e.secret_params" + _TABLES + " WHERE e.id = %s"


def history(connection: Connection, job_id: str, *, limit: int) -> list[ExecutionRow]:
    """The newest executions of one job, by scheduled instant."""
    with connection.cursor(row_factory=class_row(ExecutionRow)) as cursor:
        return cursor.execute(_HISTORY.encode(), (job_id, limit)).fetchall()


def get(connection: Connection, execution_id: uuid.UUID) -> ExecutionDetail:
    """One execution. Raises ExecutionNotFound."""
    with connection.cursor(row_factory=class_row(ExecutionDetail)) as cursor:
        row = cursor.execute(_ONE.encode(), (execution_id,)).fetchone()
    if row is None:
        raise ExecutionNotFound(f"no execution has the id {execution_id}")
    return row


class Place(NamedTuple):
    """Where an execution stands in a list by scheduled instant: between two at the same one, the id decides."""

    scheduled_at: datetime
    id: uuid.UUID


# The statuses of what waits: those of the index this walks, which is as small as what waits.
WAITING = ("queued", "scheduled", "retrying")
_BEFORE = """
  AND e.scheduled_at <= coalesce(%(at)s, 'infinity'::timestamptz)
  AND (%(at)s::timestamptz IS NULL OR (e.scheduled_at, e.id) < (%(at)s, %(id)s))
ORDER BY e.scheduled_at DESC, e.id DESC LIMIT %(limit)s
"""
# Of many, messages are cut: an answer of Lambda holds 6 MB.
_MANY = _COLUMNS + ", left(e.error_message, 4000) AS error_message" + _TABLES
_OF_ALL = _MANY + " WHERE e.status = ANY (%(statuses)s)" + _BEFORE
_OF_JOB = _MANY + " WHERE e.job_id = %(job_id)s AND e.status = ANY (%(statuses)s)" + _BEFORE


def page(
    connection: Connection, *, statuses: Sequence[str], job_id: str | None, before: Place | None, limit: int
) -> list[ListedExecution]:
    """The newest executions with one of these stored statuses, by scheduled instant, that come after a place.

    Without a job only of those that wait (WAITING). Messages end after 4,000 characters.
    """
    query = _OF_ALL if job_id is None else _OF_JOB
    values: dict[str, Any] = {"statuses": list(statuses), "job_id": job_id, "limit": limit}
    values |= {"at": None, "id": None} if before is None else {"at": before.scheduled_at, "id": before.id}
    with connection.cursor(row_factory=class_row(ListedExecution)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


@dataclass(frozen=True, kw_only=True)
class QueuedExecution:
    """An execution that waits for its Lambda invocation."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime


# Never on a whole minute, where scheduled instants are; under the job's lock, so that two triggers get two instants.
_QUEUE = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, params, secret_params, actor, request_id)
SELECT %(id)s, %(job_id)s, at + CASE WHEN extract(microseconds FROM at) = 0 THEN interval '1 microsecond'
                                     ELSE interval '0' END, 'manual', 'queued', r.params, r.secret_params,
       %(actor)s, %(request_id)s
FROM (SELECT clock_timestamp() AS at) AS now
LEFT JOIN lamplighter.execution r ON r.id = %(repeats)s AND r.scheduled_at = %(repeats_at)s
RETURNING id, job_id, scheduled_at
"""


def queue_manual(
    connection: Connection, job_id: str, author: Author, *, repeats: ExecutionRow | None = None
) -> QueuedExecution:
    """Write down an execution somebody asked for, before anything is invoked; also for a paused job.

    repeats: the execution of this job that is run again, with its params; only the audit row names it. Raises
    JobNotFound, also for a removed job.
    """
    return in_a_ready_month(connection, lambda: _queue(connection, job_id, author, repeats))


def _queue(connection: Connection, job_id: str, author: Author, repeats: ExecutionRow | None) -> QueuedExecution:
    values = {"id": uuid.uuid4(), "job_id": job_id, "actor": author.actor, "request_id": author.request_id}
    values |= {"repeats": repeats and repeats.id, "repeats_at": repeats and repeats.scheduled_at}
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

"""One-time executions as rows: written down before anything is invoked, one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import CallersConnection, Connection
from functions.db.json_values import storable
from functions.db.params import as_stored, shown
from functions.db.partitions import in_a_ready_month
from functions.errors import ExecutionNotFound, JobNotFound
from functions.text import Text


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """A one-time execution that is written down; what is to be sent for it, if anything, follows from these.

    answer: `written`, or `known` (the key's execution was unfinished: this is that one). status: `queued` (due now),
    or `scheduled` (due at due_at, or without it waiting for its parent's end). Instants aware UTC.
    """

    answer: str
    execution_id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    status: str
    due_at: datetime | None


_ENQUEUE = """
SELECT answer, execution_id, %(job_id)s AS job_id, scheduled_at, status, due_at
FROM lamplighter.enqueue(%(job_id)s, %(execution_id)s, %(params)s, %(secret_params)s, %(start_at)s, %(key)s,
                         %(after)s, %(on)s, %(actor)s, %(request_id)s)
"""


def enqueue(
    connection: CallersConnection,
    *,
    job_id: str,
    execution_id: uuid.UUID | None = None,
    params: Mapping[str, Any] | None = None,
    secret_params: Sequence[str] = (),
    start_at: datetime | None = None,
    key: str | None = None,
    after: uuid.UUID | None = None,
    on: str = "succeeded",
    actor: str | None = None,
    request_id: str | None = None,
) -> Enqueued:
    """Write down one execution, in the transaction the connection is in. start_at: aware, None for now.

    execution_id: a fresh one, for a caller who may have to `find` it. Raises JobNotFound, also for a removed job, and
    ExecutionNotFound for `after`; neither spoils the transaction.
    """
    values = {
        "job_id": job_id,
        "execution_id": execution_id or uuid.uuid4(),
        "params": None if params is None else as_stored(params),
        "secret_params": list(secret_params) or None,
        "start_at": start_at,
        "key": key,
        "after": after,
        "on": on,
        "actor": storable(actor),
        "request_id": request_id,
    }
    with connection.cursor(row_factory=class_row(Enqueued)) as cursor:
        row = cursor.execute(_ENQUEUE, values).fetchone()
    assert row is not None
    if row.answer == "no_job":
        raise _no_job(job_id)
    if row.answer == "no_parent":
        raise ExecutionNotFound(f"after={after}: no execution has this id, or its transaction has not been committed")
    return row


def enqueue_for(
    connection: Connection,
    author: Author,
    *,
    job_id: str,
    params: Mapping[str, Any] | None,
    secret_params: Sequence[str],
    start_at: datetime | None,
    key: str | None,
    after: uuid.UUID | None,
    on: str,
) -> Enqueued:
    """As `enqueue`, in a transaction of its own with the audit row of who asked for it; a known key changes nothing."""

    with connection.transaction():
        enqueued = enqueue(
            connection, job_id=job_id, params=params, secret_params=secret_params, start_at=start_at, key=key,
            after=after, on=on, actor=author.actor, request_id=author.request_id,
        )  # fmt: skip
        if enqueued.answer == "written":
            asked = {"params": shown(params, secret_params), "key": key, "after": after and str(after),
                     "on": after and on}  # fmt: skip
            audit.record(connection, author, "executions.enqueue", job_id=job_id, after=_facts(enqueued, asked))
    return enqueued


def _facts(enqueued: Enqueued, asked: Mapping[str, Any]) -> dict[str, Any]:
    due_at = enqueued.due_at and enqueued.due_at.astimezone(UTC).isoformat()
    facts = {"execution_id": str(enqueued.execution_id), "status": enqueued.status, "due_at": due_at, **asked}
    return {name: value for name, value in facts.items() if value is not None}


_FIND = """
SELECT 'written' AS answer, id AS execution_id, job_id, scheduled_at, status, due_at
FROM lamplighter.execution WHERE id = %s
"""


def find(connection: Connection, execution_id: uuid.UUID) -> Enqueued | None:
    """What `enqueue` has written under this id; for a caller whose answer got lost."""
    with connection.cursor(row_factory=class_row(Enqueued)) as cursor:
        return cursor.execute(_FIND, (execution_id,)).fetchone()


_WRITTEN = """
SELECT e.id FROM unnest(%s::uuid[], %s::timestamptz[]) AS asked(id, scheduled_at)
JOIN lamplighter.execution e ON e.id = asked.id AND e.scheduled_at = asked.scheduled_at
"""


def written(connection: Connection, enqueued: Sequence[Enqueued]) -> set[uuid.UUID]:
    """The ids of those whose transaction has committed, seen from another one's connection."""
    asked = ([each.execution_id for each in enqueued], [each.scheduled_at for each in enqueued])
    return {row[0] for row in connection.execute(_WRITTEN, asked).fetchall()}


_INSTANTS = """
SELECT lamplighter.fresh_instant(), clock_timestamp()
FROM lamplighter.job, generate_series(1, %s) WHERE id = %s AND in_code AND removed_at IS NULL
"""
_COPY = """
COPY lamplighter.execution (id, job_id, scheduled_at, cause, status, params, secret_params, due_at, actor) FROM STDIN
"""


def enqueue_many(
    connection: Connection,
    *,
    job_id: str,
    params: Sequence[Mapping[str, Any] | None],
    secret_params: Sequence[str] = (),
    start_at: datetime | None = None,
    actor: str | None = None,
) -> list[uuid.UUID]:
    """Write down an execution for each of the params by one COPY, all or none; their ids, in order.

    start_at: aware, for all of them; None for now, as is anything less than a minute ahead. Raises JobNotFound.
    """
    if not params:
        return []
    ids = [uuid.uuid4() for _ in params]
    secrets = list(secret_params) or None

    def write() -> None:
        _copy(connection, ids, job_id=job_id, params=params, secrets=secrets, start_at=start_at, actor=actor)

    try:
        in_a_ready_month(connection, write)
    except psycopg.Error as error:
        # psycopg quotes the row, with the params in it, as the context of what went wrong.
        raise type(error)(error.diag.message_primary or "PostgreSQL went away") from None
    return ids


def _copy(
    connection: Connection,
    ids: Sequence[uuid.UUID],
    *,
    job_id: str,
    params: Sequence[Mapping[str, Any] | None],
    secrets: list[str] | None,
    start_at: datetime | None,
    actor: str | None,
) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        instants = cursor.execute(_INSTANTS, (len(params), job_id)).fetchall()
        if not instants:
            raise _no_job(job_id)
        is_later = start_at is not None and (start_at - instants[0][1]).total_seconds() > 60
        status = "scheduled" if is_later else "queued"
        with cursor.copy(_COPY) as copy:
            for new_id, (instant, now), given in zip(ids, instants, params, strict=True):
                stored = None if given is None else as_stored(given)
                row = (new_id, job_id, instant, "one_time", status, stored, secrets, start_at or now, storable(actor))
                copy.write_row(row)


def _no_job(job_id: str) -> JobNotFound:
    return JobNotFound(
        Text(
            "job %(job)s cannot be enqueued: it is not deployed here, or was removed; deploy it, or restore the jobs",
            job=repr(job_id),
        )
    )


_JOB_OF = "SELECT job_id FROM lamplighter.execution WHERE id = %s"
_RESCHEDULE = """
WITH before AS (
    SELECT id, scheduled_at, status, due_at FROM lamplighter.execution WHERE id = %(id)s FOR NO KEY UPDATE
)
UPDATE lamplighter.execution e SET
    due_at = %(start_at)s, dispatched_at = NULL, dispatches = 0, dispatch_error = NULL,
    status = CASE WHEN %(start_at)s > clock_timestamp() + interval '1 minute' THEN 'scheduled' ELSE 'queued' END
FROM before b
WHERE e.id = b.id AND e.scheduled_at = b.scheduled_at
  AND b.status IN ('queued', 'scheduled') AND e.cause = 'one_time' AND b.due_at IS NOT NULL
RETURNING 'written' AS answer, e.id AS execution_id, e.job_id, e.scheduled_at, e.status, e.due_at,
          b.due_at AS was_due_at
"""


def reschedule(connection: Connection, execution_id: uuid.UUID, start_at: datetime, author: Author) -> Enqueued | None:
    """Have an execution that has not started start at another time (aware); None, and nothing changed, if it cannot.

    That is: it runs, has ended, is to be retried, waits for another's end, or was not enqueued. An event under way for
    the old time finds it not due. Raises ExecutionNotFound.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        job = connection.execute(_JOB_OF, (execution_id,)).fetchone()
        if job is None:
            raise ExecutionNotFound(Text("no execution has the id %(id)s", id=execution_id))
        jobs.lock(connection, job[0])  # before its execution, as a claim does
        row = cursor.execute(_RESCHEDULE, {"id": execution_id, "start_at": start_at}).fetchone()
        if row is None:
            return None
        before, after = {"due_at": row.pop("was_due_at").isoformat()}, {"due_at": start_at.isoformat()}
        named = {"execution_id": str(execution_id)}
        audit.record(connection, author, "executions.reschedule", job_id=job[0], before=named | before,
                     after=named | after)  # fmt: skip
    return Enqueued(**row)

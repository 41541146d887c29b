"""The job table: definitions as last deployed, what people want of each job, its newest execution in short."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb
from functions.definition import JobDefinition
from functions.errors import JobNotFound
from functions.record import Record
from functions.text import Text


class JobRow(Record):
    """One job as PostgreSQL knows it; all instants aware UTC. `definition` is JobDefinition.to_json().

    resume_at: when its pause ends by itself; None: when somebody resumes it.
    """

    id: str
    definition: Mapping[str, Any]
    definition_hash: str
    in_code: bool
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    resume_at: datetime | None
    removed_at: datetime | None
    removed_by: str | None
    next_execution_at: datetime | None
    last_fired_at: datetime | None
    last_execution_id: uuid.UUID | None
    last_started_at: datetime | None
    last_status: str | None
    last_duration_ms: int | None
    running_execution_id: uuid.UUID | None

    @property
    def is_paused(self) -> bool:
        """Whether a person or a policy holds this job."""
        return self.paused_at is not None

    @property
    def is_removed(self) -> bool:
        """Whether this job was taken off the list; a deploy does not bring it back, a restore does."""
        return self.removed_at is not None


# An execution that still says `running` after its lease is lost, and a pause with an end is over then, whoever has or
# has not noticed yet. All of a pause by one clock: read half, as it ends, it would have no end.
_COLUMNS = """
SELECT id, definition, definition_hash, in_code, created_at,
       CASE WHEN resume_at <= statement_timestamp() THEN NULL ELSE paused_at END AS paused_at,
       CASE WHEN resume_at <= statement_timestamp() THEN NULL ELSE paused_by END AS paused_by,
       CASE WHEN resume_at <= statement_timestamp() THEN NULL ELSE pause_reason END AS pause_reason,
       CASE WHEN resume_at <= statement_timestamp() THEN NULL ELSE resume_at END AS resume_at,
       removed_at, removed_by, next_execution_at, last_fired_at, last_execution_id, last_started_at,
       CASE WHEN last_status = 'running' AND running_lease_expires_at <= clock_timestamp()
            THEN 'lost' ELSE last_status END AS last_status,
       last_duration_ms, running_execution_id
FROM lamplighter.job
"""
_ALL = _COLUMNS + " ORDER BY id"
_ONE = _COLUMNS + " WHERE id = %s"
_ONE_LOCKED = _COLUMNS + " WHERE id = %s FOR NO KEY UPDATE"


def all_jobs(connection: Connection) -> list[JobRow]:
    """Every job ever deployed, by id: also removed ones and ones no longer in code."""
    with connection.cursor(row_factory=class_row(JobRow)) as cursor:
        return cursor.execute(_ALL).fetchall()


def get(connection: Connection, job_id: str) -> JobRow:
    """One job, whatever its state. Raises JobNotFound."""
    return _one(connection, _ONE, job_id)


def lock(connection: Connection, job_id: str) -> JobRow:
    """One job, its row locked until the surrounding transaction ends: claims and other changes wait. JobNotFound."""
    return _one(connection, _ONE_LOCKED, job_id)


_SYNC = """
WITH changed AS (
    INSERT INTO lamplighter.job AS j (id, definition, definition_hash, is_by_hand)
    SELECT id, definition, definition_hash, is_by_hand
    FROM jsonb_to_recordset(%s) AS d(id text, definition jsonb, definition_hash text, is_by_hand boolean)
    ON CONFLICT (id) DO UPDATE SET
        definition = excluded.definition, definition_hash = excluded.definition_hash, in_code = true,
        is_by_hand = excluded.is_by_hand, updated_at = now(),
        next_execution_at = NULL  -- it was the old definition's
    WHERE j.definition_hash <> excluded.definition_hash OR NOT j.in_code OR j.is_by_hand <> excluded.is_by_hand
    RETURNING id
)
UPDATE lamplighter.trigger t SET judge_at = '-infinity' FROM changed WHERE t.job_id = changed.id
"""
_RETIRE = "UPDATE lamplighter.job SET in_code = false, updated_at = now() WHERE in_code AND id <> ALL (%s)"


def store_definitions(connection: Connection, definitions: Iterable[JobDefinition]) -> None:
    """Make the table's definitions these: new and changed ones written, the others marked as no longer in code.

    Pauses, removals, summaries and history stay as they are.
    """
    rows = [
        {"id": d.id, "definition": d.to_json(), "definition_hash": d.hash, "is_by_hand": not _fires(d)}
        for d in definitions
    ]
    with connection.transaction():
        connection.execute(_SYNC, (as_jsonb(rows),))
        connection.execute(_RETIRE, ([row["id"] for row in rows],))


def _fires(definition: JobDefinition) -> bool:
    schedule = definition.parsed_schedule
    return schedule is not None and schedule.aws_expression is not None


# A row somebody else is writing to is left: what it held has passed, so the next reader computes it again.
_STORE_NEXT = """
WITH free AS (
    SELECT j.id, n.at
    FROM jsonb_to_recordset(%s) AS n(id text, at timestamptz)
    JOIN lamplighter.job j ON j.id = n.id AND j.next_execution_at IS DISTINCT FROM n.at
    FOR NO KEY UPDATE OF j SKIP LOCKED
)
UPDATE lamplighter.job j SET next_execution_at = free.at FROM free WHERE j.id = free.id
"""


def store_next_executions(connection: Connection, next_by_job: Mapping[str, datetime | None]) -> None:
    """Remember when each of these jobs runs next, so that a listing computes nothing that has not passed."""
    rows = [{"id": job_id, "at": None if at is None else at.isoformat()} for job_id, at in next_by_job.items()]
    connection.execute(_STORE_NEXT, (as_jsonb(rows),))


def _one(connection: Connection, query: str, job_id: str) -> JobRow:
    with connection.cursor(row_factory=class_row(JobRow)) as cursor:
        row = cursor.execute(query.encode(), (job_id,)).fetchone()
    if row is None:
        raise JobNotFound(Text("no job has the id %(job)s; list the jobs to see the ids there are", job=repr(job_id)))
    return row

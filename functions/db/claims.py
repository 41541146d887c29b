"""The claim: one statement decides whether this process runs an occurrence, and records why not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.partitions import ensure_month, is_missing_month
from functions.errors import JobNotFound


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What the database decided about one delivery of an occurrence.

    decision: `run` (we hold the lease), `skip` (recorded as skipped, see reason), `duplicate` (somebody else has it).
    """

    decision: str
    reason: str | None
    execution_id: uuid.UUID | None
    attempt: int | None
    started_at: datetime | None
    token: uuid.UUID


# The job's row is locked first, so claims of one job meet each other and its pause here. What must be seen as it is
# after that wait (pause, removal, the running execution) stands in this very row: PostgreSQL re-reads a locked row in
# its newest version, and everything else as of the statement's start. The unique (job_id, scheduled_at) does the rest.
_CLAIM = """
WITH job AS (
    SELECT id, paused_at, removed_at, running_execution_id, running_lease_expires_at
    FROM lamplighter.job
    WHERE id = %(job_id)s
    FOR NO KEY UPDATE
), decided AS (
    SELECT id, clock_timestamp() AS at, CASE
        WHEN removed_at IS NOT NULL THEN 'removed'
        WHEN NOT %(enabled)s THEN 'disabled'
        WHEN %(cause)s <> 'manual' AND paused_at IS NOT NULL THEN 'paused'
        WHEN %(overlap)s = 'skip' AND running_lease_expires_at > clock_timestamp()
             AND running_execution_id <> %(execution_id)s THEN 'overlap'
        END AS skip_reason
    FROM job
), claimed AS (
    INSERT INTO lamplighter.execution AS e
        (id, job_id, scheduled_at, cause, status, reason, attempt, claim_token, lease_expires_at,
         started_at, finished_at, request_id)
    SELECT %(execution_id)s, id, %(scheduled_at)s, %(cause)s,
           CASE WHEN skip_reason IS NULL THEN 'running' ELSE 'skipped' END, skip_reason,
           CASE WHEN skip_reason IS NULL THEN 1 ELSE 0 END, %(token)s,
           CASE WHEN skip_reason IS NULL THEN at + %(lease)s END,
           at, CASE WHEN skip_reason IS NOT NULL THEN at END, %(request_id)s
    FROM decided
    ON CONFLICT (job_id, scheduled_at) DO UPDATE SET
        status = excluded.status, reason = excluded.reason, attempt = e.attempt + excluded.attempt,
        claim_token = excluded.claim_token, lease_expires_at = excluded.lease_expires_at,
        started_at = excluded.started_at, finished_at = excluded.finished_at, request_id = excluded.request_id,
        progress = NULL
    WHERE (e.status = 'queued' AND e.id = excluded.id)
       OR (e.status = 'running' AND e.lease_expires_at <= clock_timestamp() AND excluded.status = 'running')
    RETURNING e.id, e.job_id, e.status, e.reason, e.attempt, e.started_at, e.lease_expires_at, e.scheduled_at
), marked AS (
    UPDATE lamplighter.job j SET
        running_execution_id = c.id, running_lease_expires_at = c.lease_expires_at,
        last_execution_id = c.id, last_scheduled_at = c.scheduled_at, last_started_at = c.started_at,
        last_status = 'running', last_duration_ms = NULL,
        last_fired_at = CASE WHEN %(cause)s = 'schedule' THEN c.scheduled_at ELSE j.last_fired_at END
    FROM claimed c
    WHERE j.id = c.job_id AND c.status = 'running'
), counted AS (
    SELECT lamplighter.count_execution(job_id, status, started_at) FROM claimed WHERE status = 'skipped'
)
SELECT CASE WHEN c.status = 'skipped' THEN 'skip' WHEN coalesce(c.id, own.id) IS NOT NULL THEN 'run'
            ELSE 'duplicate' END AS decision,
       c.reason, coalesce(c.id, own.id) AS execution_id, coalesce(c.attempt, own.attempt) AS attempt,
       coalesce(c.started_at, own.started_at) AS started_at, %(token)s::uuid AS token
FROM decided
LEFT JOIN claimed c ON true
LEFT JOIN counted ON true
LEFT JOIN lamplighter.execution own
       ON own.job_id = %(job_id)s AND own.scheduled_at = %(scheduled_at)s
      AND own.claim_token = %(token)s AND own.status = 'running'
"""


def claim(
    connection: Connection,
    *,
    job_id: str,
    scheduled_at: datetime,
    cause: str,
    overlap: str,
    execution_id: uuid.UUID,
    token: uuid.UUID,
    lease: timedelta,
    enabled: bool = True,
    request_id: str | None = None,
) -> Claim:
    """Claim one occurrence for `lease` from now. Safe to repeat with the same token when the answer got lost.

    The database decides: DESIGN.md §4.2. `enabled` is the deployment's switch: off, nothing runs.
    Raises JobNotFound when the job was never deployed.
    """
    values = {name: value for name, value in locals().items() if name != "connection"}
    try:
        return _decide(connection, values)
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    ensure_month(connection, scheduled_at)
    return _decide(connection, values)


def _decide(connection: Connection, values: dict[str, object]) -> Claim:
    with connection.cursor(row_factory=class_row(Claim)) as cursor:
        row = cursor.execute(_CLAIM, values).fetchone()
    if row is None:
        raise JobNotFound(f"job {values['job_id']!r} is not in the database: deploy it, or run a reconcile")
    return row

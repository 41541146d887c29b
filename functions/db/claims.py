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

    decision: `run` (we hold the lease), `skip` (recorded as skipped, see reason), `fail` (a retry that may not run,
    recorded as failed, see reason), `duplicate` (somebody else has it, or there is nothing to run).
    failed_attempts: how many attempts of this execution have failed or been lost so far.
    """

    decision: str
    reason: str | None
    execution_id: uuid.UUID | None
    attempt: int | None
    failed_attempts: int | None
    started_at: datetime | None
    token: uuid.UUID


# The job's row is locked first, so claims of one job meet each other and its pause here. What must be seen as it is
# after that wait (pause, removal, the running execution) stands in this very row: PostgreSQL re-reads a locked row in
# its newest version, and everything else as of the statement's start. The unique (job_id, scheduled_at) does the rest.
# A retry finds its row there or does nothing; one that may not run ends it as failed, with the error it had.
_CLAIM = """
WITH job AS (
    SELECT id, paused_at, removed_at, held_from_at, held_until_at, running_execution_id, running_lease_expires_at
    FROM lamplighter.job
    WHERE id = %(job_id)s
    FOR NO KEY UPDATE
), decided AS (
    SELECT id, clock_timestamp() AS at, %(cause)s = 'retry' AS is_retry, CASE
        WHEN removed_at IS NOT NULL THEN 'removed'
        WHEN NOT %(enabled)s THEN 'disabled'
        WHEN %(cause)s <> 'manual' AND paused_at IS NOT NULL THEN 'paused'
        -- Fired while the job was held, delivered after: resume and restore replay nothing.
        WHEN %(cause)s = 'schedule' AND %(scheduled_at)s >= held_from_at AND %(scheduled_at)s < held_until_at
             THEN 'paused'
        WHEN %(overlap)s = 'skip' AND running_lease_expires_at > clock_timestamp()
             AND running_execution_id <> %(execution_id)s THEN 'overlap'
        END AS skip_reason
    FROM job
), before AS (
    SELECT id, scheduled_at, status, attempt, failed_attempts, started_at, claim_token
    FROM lamplighter.execution
    WHERE job_id = %(job_id)s AND scheduled_at = %(scheduled_at)s
), claimed AS (
    INSERT INTO lamplighter.execution AS e
        (id, job_id, scheduled_at, cause, status, reason, attempt, claim_token, lease_expires_at,
         started_at, finished_at, request_id)
    SELECT %(execution_id)s, id, %(scheduled_at)s, %(cause)s,
           CASE WHEN skip_reason IS NULL THEN 'running' WHEN is_retry THEN 'failed' ELSE 'skipped' END, skip_reason,
           CASE WHEN skip_reason IS NULL THEN 1 ELSE 0 END, %(token)s,
           CASE WHEN skip_reason IS NULL THEN at + %(lease)s END,
           at, CASE WHEN skip_reason IS NOT NULL THEN at END, %(request_id)s
    FROM decided
    WHERE NOT is_retry OR EXISTS (SELECT FROM before)
    ON CONFLICT (job_id, scheduled_at) DO UPDATE SET
        status = excluded.status, reason = excluded.reason, attempt = e.attempt + excluded.attempt,
        failed_attempts = e.failed_attempts + CASE WHEN e.status = 'running' THEN 1 ELSE 0 END,
        claim_token = excluded.claim_token, lease_expires_at = excluded.lease_expires_at,
        started_at = CASE WHEN excluded.status = 'failed' THEN e.started_at ELSE excluded.started_at END,
        finished_at = excluded.finished_at, request_id = excluded.request_id, retry_at = NULL, progress = NULL,
        duration_ms = CASE WHEN excluded.status = 'failed' THEN e.duration_ms END,
        error_type = CASE WHEN excluded.status = 'failed' THEN e.error_type END,
        error_message = CASE WHEN excluded.status = 'failed' THEN e.error_message END,
        error_stack = CASE WHEN excluded.status = 'failed' THEN e.error_stack END
    WHERE (e.status = 'queued' AND e.id = excluded.id AND %(cause)s <> 'retry')
       OR (e.status = 'retrying' AND e.id = excluded.id AND %(cause)s = 'retry'
           AND e.retry_at <= clock_timestamp() + interval '1 second')  -- clocks differ a little
       OR (e.status = 'running' AND e.lease_expires_at <= clock_timestamp() AND excluded.status = 'running')
    RETURNING e.id, e.job_id, e.status, e.reason, e.attempt, e.failed_attempts, e.started_at, e.finished_at,
              e.lease_expires_at, e.scheduled_at
), lost AS (
    INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, reason, started_at, finished_at)
    SELECT b.id, b.scheduled_at, b.attempt, 'lost', 'taken over', b.started_at, c.started_at
    FROM claimed c JOIN before b ON b.id = c.id AND b.status = 'running' AND b.attempt = c.attempt - 1
    ON CONFLICT DO NOTHING
), marked AS (
    UPDATE lamplighter.job j SET
        running_execution_id = c.id, running_lease_expires_at = c.lease_expires_at,
        last_execution_id = c.id, last_started_at = c.started_at,
        last_status = 'running', last_duration_ms = NULL,
        last_fired_at = CASE WHEN %(cause)s = 'schedule' THEN c.scheduled_at ELSE j.last_fired_at END
    FROM claimed c
    WHERE j.id = c.job_id AND c.status = 'running'
), given_up AS (
    -- Another final failure; it is the next one that runs that may pause the job for it.
    UPDATE lamplighter.job j SET consecutive_failures = j.consecutive_failures + 1,
        last_status = CASE WHEN j.last_execution_id = c.id THEN c.status ELSE j.last_status END
    FROM claimed c
    WHERE j.id = c.job_id AND c.status = 'failed'
), counted AS (
    SELECT lamplighter.count_execution(job_id, status, finished_at) FROM claimed WHERE status IN ('skipped', 'failed')
)
SELECT CASE WHEN c.status = 'skipped' THEN 'skip' WHEN c.status = 'failed' THEN 'fail'
            WHEN coalesce(c.id, own.id) IS NOT NULL THEN 'run' ELSE 'duplicate' END AS decision,
       c.reason, coalesce(c.id, own.id) AS execution_id, coalesce(c.attempt, own.attempt) AS attempt,
       coalesce(c.failed_attempts, own.failed_attempts) AS failed_attempts,
       coalesce(c.started_at, own.started_at) AS started_at, %(token)s::uuid AS token
FROM decided
LEFT JOIN claimed c ON true
LEFT JOIN counted ON true
LEFT JOIN before own ON own.claim_token = %(token)s AND own.status = 'running'
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

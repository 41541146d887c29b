"""The finish: outcome, log lines and the job's summary in one statement, if the claim is still ours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb, storable
from functions.db.log_lines import as_records, copy_lines
from functions.log_lines import LogLine

# FACTS of PostgreSQL 15: to about here lines are cheapest inside the statement, above COPY is.
_MOST_IN_STATEMENT = 100


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution ended: succeeded, failed, skipped, cancelled or lost, with what there is to know; or that it is
    retrying.

    attempt_status: how this attempt ended, where that is not how the execution stands. retry_at: when a retrying one is
    due again, aware UTC.
    """

    status: str
    reason: str | None = None
    attempt_status: str | None = None
    retry_at: datetime | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_stack: str | None = None
    result: Any = None


# One statement, so that status, lines and summary are there together or not at all. `scheduled_at` is carried along
# because it names the partition. The job's row is locked before its execution, as a claim does: statements that
# took the two in different orders would deadlock.
_FINISH = """
WITH job AS (
    SELECT id, paused_at, removed_at, consecutive_failures,
           (definition ->> 'pause_after_failures')::integer AS pause_after_failures
    FROM lamplighter.job
    WHERE id = (SELECT job_id FROM lamplighter.execution
                WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s)
    FOR NO KEY UPDATE
), finished AS (
    UPDATE lamplighter.execution e SET
        status = %(status)s, reason = %(reason)s, retry_at = %(retry_at)s, dispatched_at = NULL,
        finished_at = CASE WHEN %(status)s <> 'retrying' THEN clock_timestamp() END, lease_expires_at = NULL,
        failed_attempts = failed_attempts + CASE WHEN %(attempt_status)s IN ('failed', 'lost') THEN 1 ELSE 0 END,
        duration_ms = CASE WHEN %(attempt_status)s <> 'lost'
                           THEN round(extract(epoch FROM clock_timestamp() - started_at) * 1000) END,
        error_type = %(error_type)s, error_message = %(error_message)s, error_stack = %(error_stack)s,
        result = %(result)s, progress = coalesce(%(progress)s, progress)
    FROM job
    WHERE e.id = %(execution_id)s AND e.scheduled_at = %(scheduled_at)s AND e.job_id = job.id
      AND e.status = 'running' AND e.claim_token = %(token)s
    RETURNING e.id, e.job_id, e.scheduled_at, e.attempt, e.status, e.started_at, e.finished_at, e.duration_ms
), attempted AS (
    INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, reason, started_at, finished_at,
                                     duration_ms, error_type, error_message, error_stack)
    SELECT id, scheduled_at, attempt, %(attempt_status)s, %(reason)s, started_at, clock_timestamp(),
           duration_ms, %(error_type)s, %(error_message)s, %(error_stack)s
    FROM finished
), finished_before AS (
    -- By ctx.transaction(), or by this very statement when its answer got lost: the rest of what there is to say.
    UPDATE lamplighter.execution SET result = coalesce(result, %(result)s), progress = coalesce(%(progress)s, progress)
    WHERE NOT EXISTS (SELECT FROM finished)
      AND id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND claim_token = %(token)s AND status <> 'running'
    RETURNING id, scheduled_at, attempt
), written AS (
    INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields)
    SELECT f.id, f.scheduled_at, f.attempt, l.line, l.logged_at, l.level, l.message, l.fields
    FROM (SELECT id, scheduled_at, attempt FROM finished UNION ALL SELECT * FROM finished_before) AS f,
         jsonb_to_recordset(%(lines)s) AS l(line integer, logged_at timestamptz, level text, message text, fields jsonb)
    ON CONFLICT DO NOTHING
), decided AS (
    SELECT f.id, f.job_id, f.status, f.finished_at, f.duration_ms,
           CASE WHEN f.status IN ('failed', 'lost') THEN job.consecutive_failures + 1
                WHEN f.status = 'succeeded' THEN 0 ELSE job.consecutive_failures END AS failures,
           job.paused_at IS NULL AND job.removed_at IS NULL AND f.status IN ('failed', 'lost')
               AND coalesce(job.consecutive_failures + 1 >= job.pause_after_failures, false) AS pauses
    FROM finished f JOIN job ON job.id = f.job_id
), summarised AS (
    UPDATE lamplighter.job j SET
        last_status = CASE WHEN j.last_execution_id = d.id THEN d.status ELSE j.last_status END,
        last_duration_ms = CASE WHEN j.last_execution_id = d.id THEN d.duration_ms ELSE j.last_duration_ms END,
        running_execution_id = nullif(j.running_execution_id, d.id),
        running_lease_expires_at = CASE WHEN j.running_execution_id = d.id THEN NULL
                                        ELSE j.running_lease_expires_at END,
        consecutive_failures = d.failures,
        paused_at = CASE WHEN d.pauses THEN clock_timestamp() ELSE j.paused_at END,
        paused_by = CASE WHEN d.pauses THEN 'policy' ELSE j.paused_by END,
        pause_reason = CASE WHEN d.pauses THEN d.failures || ' failures in a row' ELSE j.pause_reason END
    FROM decided d
    WHERE j.id = d.job_id
    RETURNING d.job_id, d.status, d.finished_at, d.duration_ms
), counted AS (
    SELECT lamplighter.count_execution(job_id, status, finished_at, duration_ms) FROM summarised
    WHERE finished_at IS NOT NULL
), audited AS (
    INSERT INTO lamplighter.audit (actor, action, job_id, before, after, reason)
    SELECT 'policy', 'jobs.pause', job_id, jsonb_build_object('paused', false),
           jsonb_build_object('paused', true, 'paused_by', 'policy', 'execution_id', id),
           failures || ' failures in a row'
    FROM decided WHERE pauses
)
SELECT EXISTS (SELECT FROM finished) OR EXISTS (SELECT FROM finished_before)
FROM (SELECT count(*) FROM counted) AS counted_too
"""


def finish(
    connection: Connection,
    outcome: Outcome,
    *,
    execution_id: uuid.UUID,
    scheduled_at: datetime,
    token: uuid.UUID,
    lines: Sequence[LogLine] = (),
    first_line: int = 1,
    progress: object = None,
) -> bool:
    """Record the outcome; False when the claim was taken over meanwhile, and then nothing was written.

    lines are those not written yet, numbered from first_line; progress None leaves what is there. Safe to repeat
    with the same token when the answer got lost: the second time answers True and adds no more than lines and a result
    that were not there yet.
    """
    values = {
        "status": outcome.status,
        "reason": storable(outcome.reason),
        "attempt_status": outcome.attempt_status or outcome.status,
        "retry_at": outcome.retry_at,
        "error_type": storable(outcome.error_type),
        "error_message": storable(outcome.error_message),
        "error_stack": storable(outcome.error_stack),
        "result": None if outcome.result is None else as_jsonb(outcome.result),
        "execution_id": execution_id,
        "scheduled_at": scheduled_at,
        "token": token,
        "progress": None if progress is None else as_jsonb(progress),
    }
    if len(lines) <= _MOST_IN_STATEMENT:
        return _finish(connection, values, as_records(lines, first_line=first_line))
    with connection.transaction() as transaction:
        copy_lines(
            connection, lines, first_line=first_line, execution_id=execution_id, scheduled_at=scheduled_at, token=token
        )
        # Last, so that the rows a claim waits for are held no longer than without lines.
        recorded = _finish(connection, values, as_records((), first_line=1))
        if not recorded:
            raise psycopg.Rollback(transaction)
    return recorded


def _finish(connection: Connection, values: dict[str, Any], lines: Jsonb) -> bool:
    row = connection.execute(_FINISH, values | {"lines": lines}).fetchone()
    return bool(row and row[0])

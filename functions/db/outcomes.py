"""The finish: outcome, log lines and the job's summary in one statement, if the claim is still ours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb, storable
from functions.logs import LogLine


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution ended: succeeded, failed or skipped, with what there is to know."""

    status: str
    reason: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_stack: str | None = None
    result: Any = None


# One statement, so that status, lines and summary are there together or not at all. `scheduled_at` is carried along
# because it names the partition. The job's row is locked before its execution, as a claim does: statements that
# took the two in different orders would deadlock.
_FINISH = """
WITH job AS (
    SELECT id FROM lamplighter.job
    WHERE id = (SELECT job_id FROM lamplighter.execution
                WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s)
    FOR NO KEY UPDATE
), finished AS (
    UPDATE lamplighter.execution e SET
        status = %(status)s, reason = %(reason)s, finished_at = clock_timestamp(), lease_expires_at = NULL,
        duration_ms = round(extract(epoch FROM clock_timestamp() - started_at) * 1000),
        error_type = %(error_type)s, error_message = %(error_message)s, error_stack = %(error_stack)s,
        result = %(result)s
    FROM job
    WHERE e.id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND status = 'running' AND claim_token = %(token)s
    RETURNING e.id, job_id, scheduled_at, attempt, status, duration_ms, finished_at
), written AS (
    INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields)
    SELECT f.id, f.scheduled_at, f.attempt, l.line, l.logged_at, l.level, l.message, l.fields
    FROM finished f,
         jsonb_to_recordset(%(lines)s) AS l(line integer, logged_at timestamptz, level text, message text, fields jsonb)
), summarised AS (
    UPDATE lamplighter.job j SET
        last_status = CASE WHEN j.last_execution_id = f.id THEN f.status ELSE j.last_status END,
        last_duration_ms = CASE WHEN j.last_execution_id = f.id THEN f.duration_ms ELSE j.last_duration_ms END,
        running_execution_id = nullif(j.running_execution_id, f.id),
        running_lease_expires_at = CASE WHEN j.running_execution_id = f.id THEN NULL ELSE j.running_lease_expires_at END
    FROM finished f
    WHERE j.id = f.job_id
    RETURNING f.job_id, f.status, f.finished_at, f.duration_ms
), counted AS (
    SELECT lamplighter.count_execution(job_id, status, finished_at, duration_ms) FROM summarised
    WHERE finished_at IS NOT NULL
)
SELECT EXISTS (SELECT FROM finished) OR EXISTS (
    SELECT FROM lamplighter.execution
    WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND claim_token = %(token)s AND status <> 'running')
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
) -> bool:
    """Record the outcome; False when the claim was taken over meanwhile, and then nothing was written.

    Safe to repeat with the same token when the answer got lost: the second time changes nothing and answers True.
    """
    values = {
        "status": outcome.status,
        "reason": storable(outcome.reason),
        "error_type": storable(outcome.error_type),
        "error_message": storable(outcome.error_message),
        "error_stack": storable(outcome.error_stack),
        "result": None if outcome.result is None else as_jsonb(outcome.result),
        "execution_id": execution_id,
        "scheduled_at": scheduled_at,
        "token": token,
        "lines": as_jsonb([_as_json(number, line) for number, line in enumerate(lines, start=1)]),
    }
    row = connection.execute(_FINISH, values).fetchone()
    return bool(row and row[0])


def _as_json(number: int, line: LogLine) -> dict[str, Any]:
    return {
        "line": number,
        "logged_at": line.logged_at.isoformat(),
        "level": line.level,
        "message": line.message,
        "fields": line.fields,
    }

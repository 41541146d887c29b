"""What a running execution tells PostgreSQL, and hears back, in one statement every few seconds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb
from functions.db.log_lines import as_records
from functions.log_lines import LogLine
from functions.record import Record


class Standing(Record):
    """How an execution stands: whether the claim is still ours, and who wants it to stop, if anybody."""

    is_ours: bool
    cancel_requested_by: str | None = None


# The job's row is not touched: a claim holds it while it waits for the execution's row. Without new progress nothing
# of the execution is written or locked. A line already there came with an earlier flush whose answer got lost. A job
# that has made its execution succeed, in a transaction of its own, may still have something to say.
_FLUSH = """
WITH mine AS (
    SELECT id, scheduled_at, attempt, cancel_requested_by
    FROM lamplighter.execution
    WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND claim_token = %(token)s
      AND status IN ('running', 'succeeded')
), progressed AS (
    UPDATE lamplighter.execution SET progress = %(progress)s
    WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND claim_token = %(token)s
      AND status IN ('running', 'succeeded')
      AND %(progress)s::jsonb IS NOT NULL
), written AS (
    INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields)
    SELECT m.id, m.scheduled_at, m.attempt, l.line, l.logged_at, l.level, l.message, l.fields
    FROM mine m,
         jsonb_to_recordset(%(lines)s) AS l(line integer, logged_at timestamptz, level text, message text, fields jsonb)
    ON CONFLICT DO NOTHING
)
SELECT cancel_requested_by FROM mine
"""


def flush(
    connection: Connection,
    *,
    execution_id: uuid.UUID,
    scheduled_at: datetime,
    token: uuid.UUID,
    lines: Sequence[LogLine],
    first_line: int,
    progress: object = None,
) -> Standing:
    """Write these lines, numbered from first_line, and progress unless None; nothing when the claim is not ours.

    Safe to repeat when the answer got lost.
    """
    values: dict[str, Any] = {
        "execution_id": execution_id,
        "scheduled_at": scheduled_at,
        "token": token,
        "lines": as_records(lines, first_line=first_line),
        "progress": None if progress is None else as_jsonb(progress),
    }
    row = connection.execute(_FLUSH, values).fetchone()
    return Standing(is_ours=False) if row is None else Standing(is_ours=True, cancel_requested_by=row[0])

"""The attempts of one execution as people read them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """One attempt; instants aware UTC, duration in milliseconds. finished_at is None for one whose end nobody recorded.

    status: how this attempt ended, whatever became of the execution; `retrying`: it asked to be run again.
    """

    attempt: int
    status: str
    reason: str | None
    started_at: datetime
    finished_at: datetime | None
    duration_ms: int | None
    error_type: str | None
    error_message: str | None
    error_stack: str | None


# An attempt has a row of its own once it has ended; until then it is the execution. Texts are cut because there are
# many of them here and an answer of Lambda holds 6 MB; the execution has the newest ones whole.
_NEWEST = """
SELECT attempt, status, reason, started_at, finished_at, duration_ms,
       error_type, left(error_message, 4000) AS error_message, right(error_stack, 16000) AS error_stack
FROM lamplighter.attempt
WHERE execution_id = %(execution_id)s AND scheduled_at = %(scheduled_at)s
UNION ALL
SELECT attempt, CASE WHEN lease_expires_at <= clock_timestamp() THEN 'lost' ELSE status END, NULL, started_at,
       NULL, NULL, NULL, NULL, NULL
FROM lamplighter.execution
WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND status = 'running'
ORDER BY attempt DESC LIMIT %(limit)s
"""


def newest_attempts(
    connection: Connection, *, execution_id: uuid.UUID, scheduled_at: datetime, limit: int
) -> list[AttemptRow]:
    """The newest attempts of an execution in order, also the one that runs now.

    Messages are cut to their first 4,000 characters, stacks to their last 16,000.
    """
    values = {"execution_id": execution_id, "scheduled_at": scheduled_at, "limit": limit}
    with connection.cursor(row_factory=class_row(AttemptRow)) as cursor:
        return cursor.execute(_NEWEST, values).fetchall()[::-1]

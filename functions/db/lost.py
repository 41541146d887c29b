"""Executions that still say `running` after their lease: found, and ended as lost or sent round again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from functions.record import Record


class LostExecution(Record):
    """A running execution past its lease. `definition` is JobDefinition.to_json(), None for a job no longer in code."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    attempt: int
    failed_attempts: int
    token: uuid.UUID
    request_id: str | None
    started_at: datetime
    lease_expires_at: datetime
    definition: Mapping[str, Any] | None


_LOST = """
SELECT e.id, e.job_id, e.scheduled_at, e.attempt, e.failed_attempts, e.claim_token AS token, e.request_id,
       e.started_at, e.lease_expires_at,
       CASE WHEN j.in_code AND j.removed_at IS NULL THEN j.definition END AS definition
FROM lamplighter.execution e
JOIN lamplighter.job j ON j.id = e.job_id
WHERE e.status = 'running' AND e.lease_expires_at <= clock_timestamp()
ORDER BY e.lease_expires_at
LIMIT %s
"""


def past_their_lease(connection: Connection, *, limit: int) -> list[LostExecution]:
    """The running executions whose lease ran out, longest ago first."""
    with connection.cursor(row_factory=class_row(LostExecution)) as cursor:
        return cursor.execute(_LOST, (limit,)).fetchall()


def mark_lost(
    connection: Connection, lost: LostExecution, *, retry_at: datetime | None, reason: str, detail: str = ""
) -> bool:
    """End this attempt as lost; the execution too, or with retry_at it is retrying. False: taken over meanwhile.

    reason: in a few words why; detail: what says so, where anything does.
    It is a finish in the name of the claim that never made its own, so everything else follows as after any failure.
    """
    outcome = Outcome(
        status="lost" if retry_at is None else "retrying",
        attempt_status="lost",
        retry_at=retry_at,
        reason=reason,
        error_message=(
            # A session may have any time zone: a role's or a database's own, or libpq's PGTZ.
            f"nothing was recorded until {lost.lease_expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: "
            + (detail or "it was killed, timed out, ran out of memory or lost PostgreSQL")
            + "; CloudWatch has its last lines"
        ),
    )
    ended = finish(connection, outcome, execution_id=lost.id, scheduled_at=lost.scheduled_at, token=lost.token)
    return ended is not None

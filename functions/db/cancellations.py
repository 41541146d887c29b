"""Cancelling: what waits is ended at once, what runs is asked to stop and hears of it with its next flush."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.rows import class_row

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.json_values import storable
from functions.db.outcomes import Outcome, finish
from functions.errors import ExecutionNotFound
from functions.text import Text


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """What became of a wish to cancel.

    decision: `requested` (it runs, and ends as cancelled if its code looks), `ended` (it waited, and will not run any
    more), `refused` (it had ended before, and nothing was changed). status: how the execution stands now.
    """

    decision: str
    status: str


@dataclass(frozen=True, kw_only=True)
class _Locked:
    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    status: str
    has_ended: bool
    is_running: bool
    claim_token: uuid.UUID | None
    lease_expires_at: datetime | None


def request_cancel(connection: Connection, execution_id: uuid.UUID, author: Author) -> Cancellation:
    """End an execution that waits, ask one that runs to stop, and leave one that has ended as it is.

    A late event of what was ended here is a duplicate to the claim. A running one ends as `cancelled` if its code looks
    at ctx.cancelled or ctx.raise_if_cancelled(), else as it would have; asking it twice changes nothing the second
    time. Whoever ran past its lease runs no more: it is ended, and not tried again. Raises ExecutionNotFound.
    """
    with connection.transaction():
        found = _lock(connection, execution_id)
        if found.has_ended:
            return Cancellation(decision="refused", status=found.status)
        is_new = _ask(connection, found, author) if found.is_running else _end(connection, found, author)
        status = "running" if found.is_running else "cancelled"
        if is_new:
            after = {"execution_id": str(execution_id), "status": status, "cancel_requested_by": author.actor}
            before = {"status": found.status}
            audit.record(connection, author, "executions.cancel", job_id=found.job_id, before=before, after=after)
    return Cancellation(decision="requested" if found.is_running else "ended", status=status)


_JOB_OF = "SELECT job_id FROM lamplighter.execution WHERE id = %s"
_LOCK = """
SELECT id, job_id, scheduled_at, status, finished_at IS NOT NULL AS has_ended,
       status = 'running' AND lease_expires_at > clock_timestamp() AS is_running, claim_token, lease_expires_at
FROM lamplighter.execution
WHERE id = %s
FOR NO KEY UPDATE
"""


def _lock(connection: Connection, execution_id: uuid.UUID) -> _Locked:
    # The job's row before its execution, as a claim and a finish do: in another order they would deadlock with us. Each
    # statement sees what was committed before it, so this is the execution as they have left it.
    job = connection.execute(_JOB_OF, (execution_id,)).fetchone()
    if job is not None:
        jobs.lock(connection, job[0])
    with connection.cursor(row_factory=class_row(_Locked)) as cursor:
        found = cursor.execute(_LOCK, (execution_id,)).fetchone()
    if found is None:
        raise ExecutionNotFound(Text("no execution has the id %(id)s", id=execution_id))
    return found


# The first wish keeps its author.
_ASK = """
UPDATE lamplighter.execution SET cancel_requested_at = clock_timestamp(), cancel_requested_by = %(actor)s
WHERE id = %(id)s AND scheduled_at = %(scheduled_at)s AND cancel_requested_at IS NULL
"""
# What it had failed with before it was to be tried again stays.
_END = """
WITH ended AS (
    UPDATE lamplighter.execution SET status = 'cancelled', reason = %(reason)s, retry_at = NULL, dispatched_at = NULL,
           finished_at = clock_timestamp()
    WHERE id = %(id)s AND scheduled_at = %(scheduled_at)s AND status IN ('queued', 'scheduled', 'retrying')
    RETURNING id, job_id, status, finished_at
), summarised AS (
    UPDATE lamplighter.job j SET last_status = e.status
    FROM ended e
    WHERE j.id = e.job_id AND j.last_execution_id = e.id
)
SELECT lamplighter.count_execution(job_id, status, finished_at) FROM ended
"""


def _ask(connection: Connection, found: _Locked, author: Author) -> bool:
    values = {"actor": storable(author.actor), "id": found.id, "scheduled_at": found.scheduled_at}
    return connection.execute(_ASK, values).rowcount == 1


def _end(connection: Connection, found: _Locked, author: Author) -> bool:
    _ask(connection, found, author)
    reason = f"cancelled by {author.actor}"
    if found.status == "running":
        return _end_lost(connection, found, reason)
    values = {"reason": storable(reason), "id": found.id, "scheduled_at": found.scheduled_at}
    return connection.execute(_END, values).rowcount == 1


def _end_lost(connection: Connection, found: _Locked, reason: str) -> bool:
    """Finish in the name of the claim that never did, as the sweep does, but with nothing to follow."""
    assert found.claim_token is not None
    assert found.lease_expires_at is not None
    until = found.lease_expires_at.astimezone(UTC)
    outcome = Outcome(
        status="cancelled",
        attempt_status="lost",
        reason=reason,
        error_message=f"nothing was recorded until its lease ran out at {until:%Y-%m-%d %H:%M:%S} UTC",
    )
    ended = finish(connection, outcome, execution_id=found.id, scheduled_at=found.scheduled_at, token=found.claim_token)
    return ended is not None

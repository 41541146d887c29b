"""Which executions wait for an event, and how sending it went: taken by whoever sends, so that two do not."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.json_values import storable
from functions.record import Record


class Waiting(Record):
    """An execution to send an event for, and the cause that event has."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    cause: str


# Marked as it is read, and rows another holds are left to it: of several at once one sends the event. Each branch walks
# an index of its own; only executions are locked, so no claim can be in a deadlock with this. What a paused job was
# given waits until it is resumed; what somebody triggers runs all the same. A queued execution never sent is one whose
# writer has died, or is about to send it; a schedule of EventBridge Scheduler comes up to a minute after its time.
_TAKE = """
WITH queued AS (
    SELECT e.id, e.scheduled_at FROM lamplighter.execution e
    JOIN lamplighter.job j ON j.id = e.job_id AND (j.paused_at IS NULL OR e.cause = 'manual')
    WHERE e.status = 'queued' AND (%(ids)s::uuid[] IS NULL OR e.id = ANY (%(ids)s))
      AND e.job_id <> ALL (%(without)s::text[])
      AND (e.dispatched_at IS NULL OR e.dispatched_at <= clock_timestamp() - lamplighter.patience(e.dispatches))
    ORDER BY e.created_at LIMIT %(limit)s FOR NO KEY UPDATE OF e SKIP LOCKED
), due AS (
    SELECT e.id, e.scheduled_at FROM lamplighter.execution e
    JOIN lamplighter.job j ON j.id = e.job_id AND j.paused_at IS NULL
    WHERE e.status = 'scheduled' AND e.due_at <= clock_timestamp() AND %(ids)s::uuid[] IS NULL
      AND e.job_id <> ALL (%(without)s::text[])
      AND CASE WHEN e.dispatches > 0 THEN e.dispatched_at <= clock_timestamp() - lamplighter.patience(e.dispatches)
               ELSE e.dispatched_at IS NULL OR e.due_at <= clock_timestamp() - interval '90 seconds' END
    ORDER BY e.due_at LIMIT %(limit)s FOR NO KEY UPDATE OF e SKIP LOCKED
), retries AS (
    SELECT e.id, e.scheduled_at FROM lamplighter.execution e
    JOIN lamplighter.job j ON j.id = e.job_id AND (j.paused_at IS NULL OR e.cause <> 'one_time')
    WHERE e.status = 'retrying' AND e.retry_at <= clock_timestamp() - interval '90 seconds' AND %(ids)s::uuid[] IS NULL
      AND e.job_id <> ALL (%(without)s::text[])
      AND (e.dispatches = 0 OR e.dispatched_at <= clock_timestamp() - lamplighter.patience(e.dispatches))
    ORDER BY e.retry_at LIMIT %(limit)s FOR NO KEY UPDATE OF e SKIP LOCKED
)
UPDATE lamplighter.execution e SET dispatched_at = clock_timestamp(), dispatches = e.dispatches + 1
FROM (SELECT * FROM queued UNION ALL SELECT * FROM due UNION ALL SELECT * FROM retries) AS w
WHERE e.id = w.id AND e.scheduled_at = w.scheduled_at
RETURNING e.id, e.job_id, e.scheduled_at, CASE WHEN e.status = 'retrying' THEN 'retry' ELSE e.cause END AS cause
"""


def take(
    connection: Connection, *, limit: int, ids: Sequence[uuid.UUID] | None = None, without: Collection[str] = ()
) -> list[Waiting]:
    """Executions to send an event for now, at most `limit` queued, scheduled and retrying ones each.

    With ids, only queued ones among these; none of the jobs `without`. Nobody else is given them for a while, longer
    each time.
    """
    values = {"limit": limit, "ids": None if ids is None else list(ids), "without": list(without)}
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(_TAKE, values).fetchall()


_ARRANGED = """
UPDATE lamplighter.execution SET dispatched_at = clock_timestamp(), dispatch_error = NULL
WHERE id = %s AND scheduled_at = %s AND status = 'scheduled'
"""


def note_arranged(connection: Connection, execution_id: uuid.UUID, scheduled_at: datetime) -> None:
    """Remember that EventBridge Scheduler brings the event of a scheduled execution: nobody else needs to, in time."""
    connection.execute(_ARRANGED, (execution_id, scheduled_at))


_FAILED = """
UPDATE lamplighter.execution SET dispatch_error = %(error)s,
    dispatched_at = CASE WHEN status = 'queued' THEN coalesce(dispatched_at, clock_timestamp()) END,
    -- Nothing is on its way that would be worth more patience.
    dispatches = CASE WHEN status = 'queued' THEN 1 ELSE 0 END
WHERE id = %(id)s AND scheduled_at = %(scheduled_at)s AND status IN ('queued', 'scheduled', 'retrying')
"""


def note_failed(connection: Connection, execution_id: uuid.UUID, scheduled_at: datetime, error: str) -> None:
    """Remember why no event could be sent, for people to see; the sweep sends it later."""
    values = {"error": storable(error)[:2_000], "id": execution_id, "scheduled_at": scheduled_at}
    connection.execute(_FAILED, values)

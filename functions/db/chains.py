"""Executions that wait for another's end: let go, or ended, where the finish of that other one could not do it."""

from __future__ import annotations

import uuid
from datetime import datetime

from psycopg.rows import class_row

from functions.db import jobs
from functions.db.connection import Connection
from functions.record import Record


class _Link(Record):
    parent_id: uuid.UUID
    parent_status: str
    child_id: uuid.UUID
    child_scheduled_at: datetime
    child_job_id: str | None
    runs: bool


# Parent by parent, each looked up by its key (OFFSET 0 keeps the planner from reading all history instead). A parent
# that retention has deleted ended long ago, nobody knows how; a child that is gone takes its link along.
_ENDED = """
SELECT c.parent_id, coalesce(p.status, 'deleted') AS parent_status, c.child_id, c.child_scheduled_at,
       e.job_id AS child_job_id, lamplighter.runs_on(c.run_on, coalesce(p.status, 'deleted')) AS runs
FROM (SELECT DISTINCT parent_id, parent_scheduled_at FROM lamplighter.chain) d
LEFT JOIN LATERAL (SELECT p.status, p.finished_at FROM lamplighter.execution p
                   WHERE p.id = d.parent_id AND p.scheduled_at = d.parent_scheduled_at OFFSET 0) p ON true
JOIN lamplighter.chain c ON c.parent_id = d.parent_id
LEFT JOIN LATERAL (SELECT e.job_id FROM lamplighter.execution e
                   WHERE e.id = c.child_id AND e.scheduled_at = c.child_scheduled_at OFFSET 0) e ON true
WHERE p.status IS NULL OR p.finished_at IS NOT NULL
LIMIT %s
"""


def release_ended(connection: Connection, *, limit: int) -> tuple[int, int]:
    """Queue what waited for an end that has come, and end as skipped what waited for another; how many of each."""
    with connection.cursor(row_factory=class_row(_Link)) as cursor:
        links = cursor.execute(_ENDED, (limit,)).fetchall()
    released = {(link.parent_id, link.parent_status) for link in links if link.runs}
    for parent in released:
        connection.execute("SELECT lamplighter.release(%s, %s)", parent)
    skipped = sum(_skip(connection, link) for link in links if not link.runs)
    return sum(link.runs for link in links), skipped


# Whoever takes the link away ends the child: of two sweeps one does.
_SKIP = """
WITH unlinked AS (
    DELETE FROM lamplighter.chain WHERE parent_id = %(parent_id)s AND child_id = %(child_id)s RETURNING child_id
), skipped AS (
    UPDATE lamplighter.execution e SET status = 'skipped', reason = %(reason)s, finished_at = clock_timestamp()
    FROM unlinked u
    WHERE e.id = u.child_id AND e.scheduled_at = %(child_scheduled_at)s AND e.status = 'scheduled'
    RETURNING e.job_id, e.status, e.finished_at
)
SELECT lamplighter.count_execution(job_id, status, finished_at) FROM skipped
"""


def _skip(connection: Connection, link: _Link) -> int:
    values = {
        "parent_id": link.parent_id,
        "child_id": link.child_id,
        "child_scheduled_at": link.child_scheduled_at,
        "reason": f"the execution it waited for ended as {link.parent_status}",
    }
    with connection.transaction():
        if link.child_job_id is not None:
            jobs.lock(connection, link.child_job_id)
        return connection.execute(_SKIP, values).rowcount

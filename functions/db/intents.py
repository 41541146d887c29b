"""What people want of a job: pause, resume, remove, restore; each one transaction with its audit row."""

from __future__ import annotations

from typing import Any

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.jobs import JobRow
from functions.errors import JobNotFound

_PAUSE = """
UPDATE lamplighter.job SET paused_at = clock_timestamp(), paused_by = %s, pause_reason = %s
WHERE id = %s AND paused_at IS NULL
"""


def pause(connection: Connection, job_id: str, author: Author) -> JobRow:
    """Hold a job: once this has returned, no claim of it starts anything (it waits for claims that began before).

    Pausing a paused job changes nothing: who paused it first, when and why stays. Raises JobNotFound, also for a
    removed job. Returns the job as it is now.
    """
    parameters = (author.actor, author.reason, job_id)
    return _change(connection, job_id, author, "jobs.pause", _PAUSE, parameters)


_RESUME = """
UPDATE lamplighter.job SET
    held_from_at = coalesce(paused_at, held_from_at),
    held_until_at = CASE WHEN paused_at IS NULL THEN held_until_at ELSE clock_timestamp() END,
    paused_at = NULL, paused_by = NULL, pause_reason = NULL, consecutive_failures = 0
WHERE id = %s
"""


def resume(connection: Connection, job_id: str, author: Author) -> JobRow:
    """Let a paused job run again from its next occurrence; resuming a running one changes nothing. JobNotFound."""
    return _change(connection, job_id, author, "jobs.resume", _RESUME, (job_id,))


_REMOVE = """
UPDATE lamplighter.job SET removed_at = clock_timestamp(), removed_by = %s,
       paused_at = NULL, paused_by = NULL, pause_reason = NULL, next_execution_at = NULL
WHERE id = %s
"""


def remove(connection: Connection, job_id: str, author: Author) -> JobRow:
    """Take a job off the list: its pause is dropped, its history stays, deploys do not bring it back.

    Raises JobNotFound, also when it is removed already.
    """
    return _change(connection, job_id, author, "jobs.remove", _REMOVE, (author.actor, job_id))


_REMOVED = "SELECT id FROM lamplighter.job WHERE removed_at IS NOT NULL AND in_code ORDER BY id FOR NO KEY UPDATE"
# updated_at: nothing from before is caught up.
_RESTORE = """
UPDATE lamplighter.job SET
    held_from_at = removed_at, held_until_at = clock_timestamp(), removed_at = NULL, removed_by = NULL,
    updated_at = clock_timestamp()
WHERE id = ANY (%s)
"""


def restore(connection: Connection, author: Author) -> list[str]:
    """Bring every removed job that is still in code back, not paused; their ids, in order. One audit row in all."""
    with connection.transaction():
        removed = [str(job_id) for (job_id,) in connection.execute(_REMOVED).fetchall()]
        connection.execute(_RESTORE, (removed,))
        audit.record(connection, author, "jobs.restore", after={"restored": removed})
    return removed


def _change(
    connection: Connection, job_id: str, author: Author, action: str, statement: str, parameters: tuple[object, ...]
) -> JobRow:
    with connection.transaction():
        before = listed(jobs.lock(connection, job_id))
        connection.execute(statement.encode(), parameters)
        after = jobs.get(connection, job_id)
        audit.record(connection, author, action, job_id=job_id, before=_intent(before), after=_intent(after))
    return after


def listed(job: JobRow) -> JobRow:
    """The job itself, if it is on the list. Raises JobNotFound for one that is removed or no longer in code."""
    if job.is_removed or not job.in_code:
        gone = "was removed; restore brings it back" if job.is_removed else "is no longer in code"
        raise JobNotFound(f"job {job.id!r} {gone}")
    return job


def _intent(job: JobRow) -> dict[str, Any]:
    return {
        "paused": job.is_paused,
        "paused_by": job.paused_by,
        "pause_reason": job.pause_reason,
        "removed": job.is_removed,
    }

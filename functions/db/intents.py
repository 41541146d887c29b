"""What people want of a job: pause, resume, remove, restore; each one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from functions.db import audit, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.jobs import JobRow
from functions.errors import JobNotFound
from functions.text import Text

# Called with the job as it is, its row locked, before it is changed; whatever it raises, nothing is.
Check = Callable[[JobRow], None]

_PAUSE = """
UPDATE lamplighter.job SET
    paused_at = coalesce(paused_at, clock_timestamp()), paused_by = coalesce(paused_by, %(actor)s),
    pause_reason = CASE WHEN paused_at IS NULL OR %(says_more)s THEN %(reason)s ELSE pause_reason END,
    resume_at = CASE WHEN paused_at IS NULL OR %(says_more)s THEN %(until)s ELSE resume_at END
WHERE id = %(job_id)s
"""


def pause(
    connection: Connection,
    job_id: str,
    author: Author,
    *,
    until: datetime | None = None,
    check: Check | None = None,
) -> JobRow:
    """Hold a job: once this has returned, no claim of it starts anything (it waits for claims that began before).

    `until`: when it resumes by itself, an aware instant; None: when somebody resumes it. Pausing a paused job with a
    reason or an end replaces both; without either it changes nothing. Who paused it first and when stays. Raises
    JobNotFound, also for a removed job. Returns the job as it is now.
    """
    values: dict[str, object] = {
        "actor": author.actor, "reason": author.reason, "until": until, "job_id": job_id,
        "says_more": author.reason is not None or until is not None,
    }  # fmt: skip
    return _change(connection, job_id, author, "jobs.pause", _PAUSE, values, check)


# A hold that begins within five minutes of the last one's end goes on with that: only one is remembered, and the sweep
# may not have come by yet. So here, and wherever else held_from_at is set.
_RESUME = """
UPDATE lamplighter.job SET
    held_from_at = CASE WHEN paused_at IS NULL OR paused_at < held_until_at + interval '5 minutes' THEN held_from_at
                        ELSE paused_at END,
    held_until_at = CASE WHEN paused_at IS NULL THEN held_until_at ELSE clock_timestamp() END,
    paused_at = NULL, paused_by = NULL, pause_reason = NULL, resume_at = NULL, consecutive_failures = 0
WHERE id = %(job_id)s
"""


def resume(connection: Connection, job_id: str, author: Author, *, check: Check | None = None) -> JobRow:
    """Let a paused job run again from its next occurrence; resuming a running one changes nothing. JobNotFound."""
    return _change(connection, job_id, author, "jobs.resume", _RESUME, {"job_id": job_id}, check)


_REMOVE = """
UPDATE lamplighter.job SET removed_at = clock_timestamp(), removed_by = %(actor)s,
       held_from_at = CASE WHEN paused_at IS NULL OR paused_at < held_until_at + interval '5 minutes' THEN held_from_at
                           ELSE paused_at END,
       held_until_at = CASE WHEN paused_at IS NULL THEN held_until_at ELSE clock_timestamp() END,
       paused_at = NULL, paused_by = NULL, pause_reason = NULL, resume_at = NULL, next_execution_at = NULL
WHERE id = %(job_id)s
"""


def remove(connection: Connection, job_id: str, author: Author, *, check: Check | None = None) -> JobRow:
    """Take a job off the list: its pause is dropped, its history stays, deploys do not bring it back.

    Raises JobNotFound, also when it is removed already.
    """
    return _change(connection, job_id, author, "jobs.remove", _REMOVE, {"actor": author.actor, "job_id": job_id}, check)


_REMOVED = "SELECT id FROM lamplighter.job WHERE removed_at IS NOT NULL AND in_code ORDER BY id FOR NO KEY UPDATE"
# updated_at: nothing from before is caught up.
_RESTORE = """
UPDATE lamplighter.job SET
    held_from_at = CASE WHEN removed_at < held_until_at + interval '5 minutes' THEN held_from_at ELSE removed_at END,
    held_until_at = clock_timestamp(), removed_at = NULL, removed_by = NULL,
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
    connection: Connection,
    job_id: str,
    author: Author,
    action: str,
    statement: str,
    values: dict[str, object],
    check: Check | None,
) -> JobRow:
    with connection.transaction():
        # First: what is changed then is a job whose pause has ended, as everybody sees it.
        connection.execute("SELECT lamplighter.lift_ended_pause(%s)", (job_id,))
        before = listed(jobs.lock(connection, job_id))
        if check is not None:
            check(before)
        connection.execute(statement.encode(), values)
        after = jobs.get(connection, job_id)
        audit.record(connection, author, action, job_id=job_id, before=_intent(before), after=_intent(after))
    return after


def listed(job: JobRow) -> JobRow:
    """The job itself, if it is on the list. Raises JobNotFound for one that is removed or no longer in code."""
    if job.is_removed or not job.in_code:
        if job.is_removed:
            raise JobNotFound(Text("job %(job)s was removed; restore brings it back", job=repr(job.id)))
        raise JobNotFound(Text("job %(job)s is no longer in code", job=repr(job.id)))
    return job


def _intent(job: JobRow) -> dict[str, Any]:
    return {
        "paused": job.is_paused,
        "paused_by": job.paused_by,
        "pause_reason": job.pause_reason,
        "resume_at": None if job.resume_at is None else job.resume_at.astimezone(UTC).isoformat(),
        "removed": job.is_removed,
    }

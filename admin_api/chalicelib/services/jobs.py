"""Jobs: seen, held, let go, taken off the list and brought back. PostgreSQL and audit first, AWS second (DESIGN §5)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.jobs import JobRow
from functions.errors import AwsUnavailable, JobsError, RestoreFailed
from functions.scheduling import next_executions
from functions.settings import settings

# How long to wait for another reconcile, a deploy's say; API Gateway gives up after 29 s.
_LOCK_TIMEOUT = timedelta(seconds=5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ListedJob:
    """A job on the list, and when it runs next: None while paused or switched off, or without an exact answer."""

    row: JobRow
    next_execution_at: datetime | None


def all_listed(connection: Connection, *, now: datetime) -> list[ListedJob]:
    """Every job that is in code and not removed, by id."""
    rows = [row for row in jobs.all_jobs(connection) if row.in_code and not row.is_removed]
    return _with_next(connection, rows, now)


def get(connection: Connection, job_id: str, *, now: datetime) -> ListedJob:
    """One job of the list. Raises JobNotFound."""
    (found,) = _with_next(connection, [intents.listed(jobs.get(connection, job_id))], now)
    return found


def _with_next(connection: Connection, rows: list[JobRow], now: datetime) -> list[ListedJob]:
    # Nothing fires while the deployment's jobs are switched off.
    next_by_job = next_executions.current(connection, rows, now=now) if settings().jobs_enabled else {}
    return [ListedJob(row=row, next_execution_at=next_by_job.get(row.id)) for row in rows]


def pause(connection: Connection, job_id: str, author: Author) -> None:
    """Hold a job. When AWS is away its rule still fires, and the claim stops what it fires. Raises JobNotFound."""
    intents.pause(connection, job_id, author)
    _try_to_tell_aws(connection, job_id, author)


def resume(connection: Connection, job_id: str, author: Author) -> None:
    """Let a job run from its next occurrence. Raises JobNotFound, or AwsUnavailable when its rule is still off."""
    intents.resume(connection, job_id, author)
    try:
        _tell_aws(connection, {job_id})
    except JobsError as error:
        raise AwsUnavailable(
            f"the pause of job {job_id!r} is lifted in PostgreSQL, but AWS does not fire it yet: {error}; "
            "resume it again or restore the jobs, or wait for the next reconcile"
        ) from error


def remove(connection: Connection, job_id: str, author: Author) -> None:
    """Take a job off the list; its history stays. AWS away: as for pause. Raises JobNotFound, also the second time."""
    intents.remove(connection, job_id, author)
    _try_to_tell_aws(connection, job_id, author)


def restore(connection: Connection, author: Author) -> None:
    """Bring every definition back, in PostgreSQL and in AWS. Raises RestoreFailed."""
    restored = intents.restore(connection, author)
    try:
        _tell_aws(connection, None)
    except JobsError as error:
        names = ", ".join(restored) or "none was removed"
        raise RestoreFailed(
            f"the jobs are back in PostgreSQL ({names}), but AWS does not fire all of them yet: {error}; restore again"
        ) from error


def _try_to_tell_aws(connection: Connection, job_id: str, author: Author) -> None:
    try:
        _tell_aws(connection, {job_id})
    except JobsError as error:
        _log.warning(
            "request %s: job %r may still be fired by AWS and is stopped at the claim: %s",
            author.request_id,
            job_id,
            error,
        )


def _tell_aws(connection: Connection, only: set[str] | None) -> None:
    # Imported with the first change: boto3 takes half a second, and looking at jobs needs none of it.
    from functions.scheduling.reconcile import reconcile

    reconcile(connection, settings(), only=only, lock_timeout=_LOCK_TIMEOUT)

"""Jobs: seen, held, let go, taken off the list and brought back. PostgreSQL and audit first, AWS second (DESIGN §5)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import preconditions
from chalicelib.preconditions import Condition
from chalicelib.refusals import NotValid
from functions.db import intents, job_list, jobs, triggers
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.job_list import STATES, After, ListedJob, Wanted
from functions.db.jobs import JobRow
from functions.db.triggers import AppliedTrigger
from functions.errors import AwsUnavailable, JobNotFound, JobsError, RestoreFailed
from functions.scheduling import next_executions
from functions.settings import settings
from functions.text import Text, said_by

# How long to wait for another reconcile, a deploy's say; API Gateway gives up after 29 s.
_LOCK_TIMEOUT = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(days=366)
_ANY = Condition()

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """Some jobs in their order, and the place the next page begins after: None after the last one."""

    jobs: list[ListedJob]
    next: After | None


@dataclass(frozen=True, kw_only=True)
class ShownJob:
    """A job by itself: as listed, with its definition as deployed, its trigger as applied, and its version's tag."""

    listed: ListedJob
    row: JobRow
    trigger: AppliedTrigger | None
    etag: str


def page(connection: Connection, wanted: Wanted, *, now: datetime) -> Page:
    """The first `wanted.limit` jobs after a place. Each has its next execution, computed where it has passed."""
    next_executions.advance(connection, now=now)
    found = job_list.listed(connection, wanted._replace(limit=wanted.limit + 1))
    rows = found[: wanted.limit]
    return Page(rows, job_list.place(rows[-1], wanted.sort) if len(found) > len(rows) else None)


def counts(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """How many jobs there are in each state that fit all the rest of what is wanted."""
    return job_list.counts(connection, wanted._replace(states=STATES))


def known(connection: Connection, job_id: str) -> JobRow:
    """One job that ever was, also when it is off the list. Raises JobNotFound."""
    return jobs.get(connection, job_id)


def get(connection: Connection, job_id: str, *, now: datetime) -> ShownJob:
    """One job of the list. Raises JobNotFound."""
    row = intents.listed(jobs.get(connection, job_id))
    next_executions.advance(connection, now=now, job_id=job_id)
    wanted = Wanted(is_enabled=settings().jobs_enabled, job_id=job_id, states=STATES, limit=1)
    found = job_list.listed(connection, wanted)
    if not found:
        raise JobNotFound(Text("job %(job)s is gone", job=repr(job_id)))
    return ShownJob(listed=found[0], row=row, trigger=triggers.get(connection, job_id), etag=etag(row))


def etag(row: JobRow) -> str:
    """The version of what people and deploys make of a job: its definition and intent. Its runs are not part of it."""
    intent = (row.paused_at, row.paused_by, row.pause_reason, row.resume_at, row.removed_at)
    instants = (at.timestamp() if isinstance(at, datetime) else at for at in intent)
    return preconditions.etag(row.id, row.definition_hash, row.in_code, *instants)


def pause(
    connection: Connection,
    job_id: str,
    author: Author,
    *,
    now: datetime,
    until: datetime | None = None,
    condition: Condition = _ANY,
) -> None:
    """Hold a job, until an instant or until somebody resumes it; why is the author's reason.

    With an end its rule goes on firing, and the claim stops what it fires, so that nothing in AWS has to change for the
    end to come (docs/adr/0026). When AWS is away, so it is without one. Raises JobNotFound, NotValid for another end,
    PreconditionFailed; or AwsUnavailable when the rule, off for a pause without an end, is still off.
    """
    if until is not None and not now < until <= now + _LONGEST_PAUSE:
        raise NotValid(
            Text(
                "until=%(until)s is invalid: use an instant after now and at most %(days)s days ahead",
                until=until.isoformat(),
                days=_LONGEST_PAUSE.days,
            )
        )
    before: list[JobRow] = []

    def check(row: JobRow) -> None:
        condition.check(etag(row))
        before.append(row)

    paused = intents.pause(connection, job_id, author, until=until, check=check)
    if paused.resume_at is None or not before[0].is_paused:
        # With an end too: AWS may not have heard of the last resume, and nothing tells it when this pause ends.
        _try_to_tell_aws(connection, job_id, author)
    elif until is not None:
        # Also after one with an end: who is told that the rule is still off tries again.
        _enable(
            connection,
            job_id,
            Text(
                "job %(job)s is paused until %(until)s in PostgreSQL",
                job=repr(job_id),
                until=paused.resume_at.isoformat(),
            ),
        )


def resume(connection: Connection, job_id: str, author: Author, *, condition: Condition = _ANY) -> None:
    """Let a job run from its next occurrence.

    Raises JobNotFound, PreconditionFailed, or AwsUnavailable when its rule is still off.
    """
    intents.resume(connection, job_id, author, check=lambda row: condition.check(etag(row)))
    _enable(connection, job_id, Text("the pause of job %(job)s is lifted in PostgreSQL", job=repr(job_id)))


def remove(connection: Connection, job_id: str, author: Author, *, condition: Condition = _ANY) -> None:
    """Take a job off the list; its history stays. AWS away: as for pause.

    Raises JobNotFound, also the second time, and PreconditionFailed.
    """
    intents.remove(connection, job_id, author, check=lambda row: condition.check(etag(row)))
    _try_to_tell_aws(connection, job_id, author)


def restore(connection: Connection, author: Author) -> None:
    """Bring every definition back, in PostgreSQL and in AWS. Raises RestoreFailed."""
    restored = intents.restore(connection, author)
    try:
        _tell_aws(connection, None)
    except JobsError as error:
        names = ", ".join(restored) or Text("none was removed")
        raise RestoreFailed(
            Text(
                "the jobs are back in PostgreSQL (%(names)s), but AWS does not fire all of them yet: %(error)s; "
                "restore again",
                names=names,
                error=said_by(error),
            )
        ) from error


def _enable(connection: Connection, job_id: str, done: str) -> None:
    try:
        _tell_aws(connection, {job_id})
    except JobsError as error:
        raise AwsUnavailable(
            Text(
                "%(done)s, but AWS does not fire it yet: %(error)s; resume it again or restore the jobs, or wait "
                "for the next reconcile",
                done=done,
                error=said_by(error),
            )
        ) from error


def _try_to_tell_aws(connection: Connection, job_id: str, author: Author) -> None:
    try:
        _tell_aws(connection, {job_id})
    except JobsError as error:
        _log.warning(
            "request %s: AWS was not told of job %r, whatever it fires of it is stopped at the claim: %s",
            author.request_id,
            job_id,
            error,
        )


def _tell_aws(connection: Connection, only: set[str] | None) -> None:
    # Imported with the first change: boto3 takes half a second, and looking at jobs needs none of it.
    from functions.scheduling.reconcile import reconcile

    reconcile(connection, settings(), only=only, lock_timeout=_LOCK_TIMEOUT)

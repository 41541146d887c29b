"""Executions run again: one, or what a filter finds; never the same one twice, whoever asks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from chalicelib.refusals import NotRetryable
from chalicelib.services import params as job_params
from chalicelib.services.starts import start, start_all
from functions.db import executions, intents, jobs, repeats
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import ExecutionRow, QueuedExecution
from functions.db.jobs import JobRow
from functions.db.repeats import MOST_COUNTED, REPEATABLE, Repeatable, RepeatsWanted
from functions.errors import InvalidParams, JobNotFound, JobsError, TriggerFailed
from functions.text import Text


def retry(connection: Connection, execution_id: uuid.UUID, author: Author) -> uuid.UUID:
    """Run again, with its params, what has ended as failed, lost, cancelled or missed; the new execution's id.

    Also for a paused job; once, then it is the new one that can be run again. Raises ExecutionNotFound, NotRetryable,
    InvalidParams when the job takes other params by now, and as trigger does: JobNotFound for a removed job, and
    TriggerFailed.
    """
    row = executions.get(connection, execution_id)
    if row.status not in REPEATABLE or row.finished_at is None or row.repeated_by is not None:
        raise NotRetryable(
            Text("execution %(execution)s cannot be run again: %(why)s", execution=row.id, why=_why_not(row))
        )
    job_params.check(intents.listed(jobs.get(connection, row.job_id)), row.params)
    queued = executions.queue_repeat(connection, row, author)
    if queued is None:
        raise NotRetryable(
            Text(
                "execution %(execution)s cannot be run again: %(why)s",
                execution=row.id,
                why=_why_not(executions.get(connection, row.id)),
            )
        )
    return start(connection, queued)


def _why_not(row: ExecutionRow) -> str:
    if row.repeated_by is not None:
        return Text(
            "that was done already, as execution %(repeated_by)s; should that one fail too, retry it",
            repeated_by=row.repeated_by,
        )
    if row.retry_at is not None:
        return Text(
            "it will be retried at %(at)s; cancel it first to run it by hand",
            at=row.retry_at.astimezone(UTC).isoformat(),
        )
    if row.status == "lost":
        return Text(
            "its lease has only just run out; within a minute it is lost for good or retried, so look again then"
        )
    if row.status in ("succeeded", "skipped"):
        return Text("it has ended as '%(status)s'; trigger the job to run it once more", status=Text(row.status))
    return Text("it is '%(status)s' and has not ended; wait for its end, or cancel it first", status=Text(row.status))


Outcome = Literal["retried", "would_retry", "taken", "refused", "not_started"]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """What became of one of many.

    outcome: `retried`, as new_id; `would_retry`; `taken` (somebody else has retried it meanwhile); `refused`, and
    nothing was written; or `not_started`: new_id has failed, since Lambda did not take it. error: why, of these two.
    """

    execution: Repeatable
    outcome: Outcome
    new_id: uuid.UUID | None = None
    error: JobsError | None = None


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """What became of the oldest of those that matched. is_exact: matched and left are not just `at least`."""

    is_dry_run: bool
    matched: int
    left: int
    is_exact: bool
    repeats: list[Repeat]


def retry_all(
    connection: Connection, wanted: RepeatsWanted, author: Author, *, limit: int, is_dry_run: bool
) -> Repeats:
    """Run the oldest executions again that a filter finds, each by itself as `retry` does; those of removed jobs, and
    what was run again already, match no filter. A dry run says what would be done, and changes nothing.

    Raises JobNotFound for a job nobody knows.
    """
    if wanted.job_id is not None:
        jobs.get(connection, wanted.job_id)
    matched = repeats.count(connection, wanted)
    found = repeats.oldest(connection, wanted, limit=limit)
    done = _checked(connection, found) if is_dry_run else _retried(connection, found, author)
    gone = sum(each.outcome in ("retried", "taken", "not_started") for each in done)
    return Repeats(
        is_dry_run=is_dry_run,
        matched=min(matched, MOST_COUNTED),
        left=max(min(matched, MOST_COUNTED) - gone, 0),
        is_exact=matched <= MOST_COUNTED,
        repeats=done,
    )


def _checked(connection: Connection, found: list[Repeatable]) -> list[Repeat]:
    """Each as `would_retry` or `refused`."""
    known: dict[str, JobRow] = {}
    checked = []
    for each in found:
        try:
            if each.job_id not in known:
                known[each.job_id] = intents.listed(jobs.get(connection, each.job_id))
            job_params.check(known[each.job_id], each.params)
            checked.append(Repeat(execution=each, outcome="would_retry"))
        except (InvalidParams, JobNotFound) as error:
            checked.append(Repeat(execution=each, outcome="refused", error=error))
    return checked


def _retried(connection: Connection, found: list[Repeatable], author: Author) -> list[Repeat]:
    # All are written down before the first is invoked: should we not get to the end, the sweep sends the rest.
    queued: dict[uuid.UUID, QueuedExecution] = {}
    done = [
        each if each.outcome == "refused" else _queued(connection, each.execution, author, queued)
        for each in _checked(connection, found)
    ]
    refused = start_all(connection, list(queued.values()))
    return [_started(each, refused) for each in done]


def _queued(
    connection: Connection, execution: Repeatable, author: Author, queued: dict[uuid.UUID, QueuedExecution]
) -> Repeat:
    try:
        new = executions.queue_repeat(connection, execution, author)
    except JobNotFound as error:  # removed since we looked
        return Repeat(execution=execution, outcome="refused", error=error)
    if new is None:
        return Repeat(execution=execution, outcome="taken")
    queued[new.id] = new
    return Repeat(execution=execution, outcome="retried", new_id=new.id)


def _started(each: Repeat, refused: dict[uuid.UUID, TriggerFailed]) -> Repeat:
    if each.new_id not in refused:
        return each
    return Repeat(execution=each.execution, outcome="not_started", new_id=each.new_id, error=refused[each.new_id])

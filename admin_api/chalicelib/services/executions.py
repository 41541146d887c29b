"""Executions: read, listed, started by hand, cancelled, and run again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from chalicelib.refusals import AlreadyFinished, NotRetryable
from chalicelib.services import params as job_params
from functions.db import executions, intents, jobs
from functions.db.attempts import AttemptRow, newest_attempts
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.connection import Connection
from functions.db.executions import ExecutionDetail, ExecutionRow, ListedExecution, Place, QueuedExecution
from functions.db.log_lines import LogRow, read_lines
from functions.errors import TriggerFailed
from functions.settings import settings

_NEWEST = 50
_ATTEMPTS = 50
_LINES = 200
# Ended, and not as somebody wanted it.
_RETRYABLE = ("failed", "lost", "cancelled", "missed")


def newest(connection: Connection, job_id: str) -> list[ExecutionRow]:
    """The newest 50 executions of a job, newest first."""
    return executions.history(connection, job_id, limit=_NEWEST)


def get(connection: Connection, execution_id: uuid.UUID) -> tuple[ExecutionDetail, list[AttemptRow]]:
    """One execution, also of a job that is off the list by now, and its newest 50 attempts in order.

    Raises ExecutionNotFound.
    """
    row = executions.get(connection, execution_id)
    attempts = newest_attempts(connection, execution_id=row.id, scheduled_at=row.scheduled_at, limit=_ATTEMPTS)
    return row, attempts


@dataclass(frozen=True)
class Page:
    """Some executions, newest first, and where the next page begins: None after the last one."""

    rows: list[ListedExecution]
    next: Place | None


def page(
    connection: Connection, *, statuses: Sequence[str], job_id: str | None, before: Place | None, limit: int
) -> Page:
    """The newest executions with one of these statuses that come after a place; of all jobs only those that wait.

    Also of a job that is off the list by now. Raises JobNotFound.
    """
    if job_id is not None:
        jobs.get(connection, job_id)
    rows = executions.page(connection, statuses=statuses, job_id=job_id, before=before, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], None if last is None else Place(last.scheduled_at, last.id))


@dataclass(frozen=True)
class LogPage:
    """Some lines of an execution's newest attempt, in order."""

    attempt: int
    lines: list[LogRow]


def log_page(connection: Connection, execution_id: uuid.UUID, *, after: int | None) -> LogPage:
    """The 200 lines after this line number, or the newest 200; of the newest attempt. Raises ExecutionNotFound."""
    row = executions.get(connection, execution_id)
    lines = read_lines(
        connection, execution_id=row.id, scheduled_at=row.scheduled_at, attempt=row.attempt, limit=_LINES, after=after
    )
    return LogPage(row.attempt, lines)


def trigger(connection: Connection, job_id: str, author: Author) -> uuid.UUID:
    """Run a job now, also while it is paused; the execution's id. The row is there before anything is invoked.

    Raises JobNotFound, InvalidParams for a job that has params without defaults; or TriggerFailed when the job's
    function could not be invoked, and the row then says so.
    """
    job_params.check(intents.listed(jobs.get(connection, job_id)), None)
    return _start(connection, executions.queue_manual(connection, job_id, author))


def cancel(connection: Connection, execution_id: uuid.UUID, author: Author) -> bool:
    """End an execution that waits: True; or ask one that runs to stop: False, it may still end in any way.

    Raises ExecutionNotFound, or AlreadyFinished when it has ended, whoever was first.
    """
    cancellation = request_cancel(connection, execution_id, author)
    if cancellation.decision == "refused":
        raise AlreadyFinished(execution_id, cancellation.status)
    return cancellation.decision == "ended"


def retry(connection: Connection, execution_id: uuid.UUID, author: Author) -> uuid.UUID:
    """Run again, with its params, what has ended as failed, lost, cancelled or missed; the new execution's id.

    Also for a paused job. Raises ExecutionNotFound, NotRetryable, InvalidParams when the job takes other params by now,
    and as trigger does: JobNotFound for a removed job, and TriggerFailed.
    """
    row = executions.get(connection, execution_id)
    # Such an end is for good, so nothing can come between this look and the new row.
    if row.status not in _RETRYABLE or row.finished_at is None:
        raise NotRetryable(f"execution {row.id} cannot be run again: {_why_not(row)}")
    job_params.check(intents.listed(jobs.get(connection, row.job_id)), row.params)
    return _start(connection, executions.queue_manual(connection, row.job_id, author, repeats=row))


def _why_not(row: ExecutionRow) -> str:
    if row.retry_at is not None:
        return f"it will be retried at {row.retry_at.astimezone(UTC).isoformat()}; cancel it first to run it by hand"
    if row.status == "lost":
        return "its lease has only just run out; within a minute it is lost for good or retried, so look again then"
    if row.status in ("succeeded", "skipped"):
        return f"it has ended as {row.status!r}; trigger the job to run it once more"
    return f"it is {row.status!r} and has not ended; wait for its end, or cancel it first"


def _start(connection: Connection, queued: QueuedExecution) -> uuid.UUID:
    try:
        _invoke(queued)
    except TriggerFailed as error:
        executions.fail_queued(connection, queued, str(error))
        raise
    return queued.id


def _invoke(queued: QueuedExecution) -> None:
    # Imported with the first trigger: boto3 takes half a second, and looking at jobs needs none of it.
    from functions.invoker import invoke

    event = {
        "cause": "manual",
        "job_id": queued.job_id,
        "execution_id": str(queued.id),
        "scheduled_at": queued.scheduled_at.isoformat(),
    }
    invoke(settings(), queued.job_id, event)

"""Executions: read, and started by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from functions.db import executions
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import ExecutionRow, QueuedExecution
from functions.db.log_lines import LogRow, read_lines
from functions.errors import ExecutionNotFound, TriggerFailed
from functions.settings import settings

_NEWEST = 50
_LINES = 200


def newest(connection: Connection, job_id: str) -> list[ExecutionRow]:
    """The newest 50 executions of a job, newest first."""
    return executions.history(connection, job_id, limit=_NEWEST)


def get(connection: Connection, execution_id: str) -> ExecutionRow:
    """One execution, also of a job that is off the list by now. Raises ExecutionNotFound."""
    try:
        found = uuid.UUID(execution_id)
    except ValueError as error:
        raise ExecutionNotFound(f"no execution has the id {execution_id[:100]!r}: ids are UUIDs") from error
    return executions.get(connection, found)


@dataclass(frozen=True)
class LogPage:
    """Some lines of an execution's newest attempt, in order."""

    attempt: int
    lines: list[LogRow]


def log_page(connection: Connection, execution_id: str, *, after: int | None) -> LogPage:
    """The 200 lines after this line number, or the newest 200; of the newest attempt. Raises ExecutionNotFound."""
    row = get(connection, execution_id)
    lines = read_lines(
        connection, execution_id=row.id, scheduled_at=row.scheduled_at, attempt=row.attempt, limit=_LINES, after=after
    )
    return LogPage(row.attempt, lines)


def trigger(connection: Connection, job_id: str, author: Author) -> uuid.UUID:
    """Run a job now, also while it is paused; the execution's id. The row is there before anything is invoked.

    Raises JobNotFound; or TriggerFailed when the job's function could not be invoked, and the row then says so.
    """
    queued = executions.queue_manual(connection, job_id, author)
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

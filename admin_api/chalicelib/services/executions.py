"""Executions: read, listed, started by hand and cancelled."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from chalicelib.refusals import AlreadyFinished
from chalicelib.services import params as job_params
from chalicelib.services.starts import start
from functions.db import execution_pages, executions, intents, jobs
from functions.db.attempts import AttemptRow, newest_attempts
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.connection import Connection
from functions.db.execution_pages import Place, Wanted
from functions.db.executions import ExecutionDetail, ExecutionRow, ListedExecution

_NEWEST = 50
_ATTEMPTS = 50


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


def page(connection: Connection, wanted: Wanted, *, before: Place | None, limit: int) -> Page:
    """The newest of the wanted executions that come after a place; also of a job that is off the list by now.

    Raises JobNotFound.
    """
    if wanted.job_id is not None:
        jobs.get(connection, wanted.job_id)
    rows = execution_pages.page(connection, wanted, before=before, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], None if last is None else Place(last.scheduled_at, last.id))


def trigger(connection: Connection, job_id: str, author: Author) -> uuid.UUID:
    """Run a job now, also while it is paused; the execution's id. The row is there before anything is invoked.

    Raises JobNotFound, InvalidParams for a job that has params without defaults; or TriggerFailed when the job's
    function could not be invoked, and the row then says so.
    """
    job_params.check(intents.listed(jobs.get(connection, job_id)), None)
    return start(connection, executions.queue_manual(connection, job_id, author))


def cancel(connection: Connection, execution_id: uuid.UUID, author: Author) -> bool:
    """End an execution that waits: True; or ask one that runs to stop: False, it may still end in any way.

    Raises ExecutionNotFound, or AlreadyFinished when it has ended, whoever was first.
    """
    cancellation = request_cancel(connection, execution_id, author)
    if cancellation.decision == "refused":
        raise AlreadyFinished(execution_id, cancellation.status)
    return cancellation.decision == "ended"

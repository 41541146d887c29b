"""One-time executions asked for over HTTP: written down with their audit row, then sent; and given another time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib import database
from chalicelib.refusals import NotReschedulable, NotValid
from chalicelib.services import params as job_params
from functions import enqueueing
from functions.db import executions, intents, jobs, one_time
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import ExecutionRow
from functions.db.one_time import Enqueued
from functions.dispatch import send
from functions.settings import settings
from functions.text import Text


def enqueue(
    connection: Connection,
    job_id: str,
    author: Author,
    *,
    params: Mapping[str, Any] | None,
    at: datetime | None,
    delay: timedelta | None,
    key: str | None,
    after: uuid.UUID | None,
    on: str | None,
) -> Enqueued:
    """Have a job run once with these params; `known` answers that the key's execution is unfinished and is this one.

    A paused job's waits. AWS away is no error: what is written down is sent by the sweep. Raises JobNotFound,
    InvalidParams, InvalidEnqueue, ExecutionNotFound for `after`, NotValid for an `on` without it.
    """
    job = intents.listed(jobs.get(connection, job_id))
    job_params.check(job, params)
    if on is not None and after is None:
        raise NotValid("on says which end of another execution to wait for: name that execution in after")
    enqueueing.check(job_id, key=key, on=on or "succeeded")
    enqueued = one_time.enqueue_for(
        connection,
        author,
        job_id=job_id,
        params=params or None if job_params.schema_of(job) is None else params,
        secret_params=job_params.secret_names(job_params.schema_of(job)),
        start_at=enqueueing.start_at(job_id, delay=delay, at=at, after=after),
        key=key,
        after=after,
        on=on or "succeeded",
    )
    send(settings(), database.warm(), enqueued)
    return enqueued


def reschedule(
    connection: Connection, execution_id: uuid.UUID, author: Author, *, at: datetime | None, delay: timedelta | None
) -> None:
    """Have an execution that has not started start at another time.

    Raises ExecutionNotFound, InvalidEnqueue, NotValid without a time, and NotReschedulable, which says why.
    """
    row = executions.get(connection, execution_id)
    start_at = enqueueing.start_at(row.job_id, delay=delay, at=at, after=None)
    if start_at is None:
        raise NotValid("the body names no time: give at (an instant) or delay (seconds; 0 is now)")
    enqueued = one_time.reschedule(connection, execution_id, start_at, author)
    if enqueued is None:
        why = _why_not(executions.get(connection, execution_id))
        raise NotReschedulable(
            Text("execution %(execution)s cannot be given another time: %(why)s", execution=execution_id, why=why)
        )
    send(settings(), database.warm(), enqueued)


def _why_not(row: ExecutionRow) -> str:
    if row.finished_at is not None:
        return Text("it has ended as '%(status)s'; enqueue another one, or retry it", status=Text(row.status))
    if row.status == "retrying":
        return Text("it has started, and will be retried by itself; cancel it and retry it to run it by hand")
    if row.cause != "one_time":
        return Text("its cause is '%(cause)s': only what was enqueued has a time of its own", cause=Text(row.cause))
    if row.status == "scheduled":
        return Text(
            "it waits for the end of execution %(parent_id)s; cancel it and enqueue another one",
            parent_id=row.parent_id,
        )
    return Text("it has started; cancel it, or wait for its end")

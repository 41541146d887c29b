"""Which executions a list asks for, and the cursor that leads to the next page."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec

from chalicelib import cursors
from chalicelib.inputs import AwareInstant, Cursor, Input, JobId, Limit
from functions.db.execution_pages import CAUSES, STATUSES, Place, Wanted

Status = Literal[
    "queued", "scheduled", "running", "retrying", "succeeded", "failed", "skipped", "cancelled", "lost", "missed"
]
Cause = Literal["schedule", "manual", "retry", "backfill", "catch_up", "one_time"]


class JobExecutionsQuery(Input):
    """Which executions of a job: all of them, or with some of these statuses and causes, scheduled in this time."""

    status: tuple[Status, ...] = ()
    cause: tuple[Cause, ...] = ()
    since_at: AwareInstant | None = msgspec.field(name="from", default=None)
    until_at: AwareInstant | None = msgspec.field(name="to", default=None)
    limit: Limit = 50
    cursor: Cursor | None = None


class ExecutionsQuery(JobExecutionsQuery):
    """The same of all jobs, or of one."""

    job_id: JobId | None = None


def wanted(query: JobExecutionsQuery, *, job_id: str | None) -> Wanted:
    """What this query asks for; `from` is part of it, `to` is not."""
    return Wanted(
        statuses=query.status or STATUSES,
        causes=query.cause or CAUSES,
        job_id=job_id,
        since_at=query.since_at,
        until_at=query.until_at,
    )


def place(query: JobExecutionsQuery) -> Place | None:
    """Where this page begins. Raises NotValid for what is no cursor of ours."""
    return None if query.cursor is None else cursors.decode(query.cursor, _place)


def cursor(place: Place | None) -> str | None:
    """The cursor of the page that begins there."""
    return None if place is None else cursors.encode(place.scheduled_at, place.id)


def _place(at: Any, execution_id: Any) -> Place:
    if not isinstance(execution_id, str):
        raise TypeError("an id is a text")
    return Place(cursors.aware(at), uuid.UUID(execution_id))

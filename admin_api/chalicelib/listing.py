"""Which executions a list asks for, and the cursor that leads to the next page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib import cursors
from chalicelib.inputs import Cursor, Input, JobId, Limit
from chalicelib.refusals import NotValid
from functions.db.executions import WAITING, Place

Status = Literal[
    "queued", "scheduled", "running", "retrying", "succeeded", "failed", "skipped", "cancelled", "lost", "missed"
]
STATUSES: tuple[str, ...] = Status.__args__  # type: ignore[attr-defined]


class ExecutionsQuery(Input):
    """`status`, `jobId`, `limit` and `cursor` of a list of executions."""

    status: tuple[Status, ...] = ()
    job_id: JobId | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a list is to hold: newest first, after a place, at most `limit`."""

    statuses: tuple[str, ...]
    job_id: str | None
    before: Place | None
    limit: int


def wanted(query: ExecutionsQuery) -> Wanted:
    """What this query asks for. Raises NotValid for a status that only the list of one job has, and another cursor."""
    known = STATUSES if query.job_id is not None else WAITING
    for status in query.status:
        if status not in known:
            raise NotValid(f"status={status!r} is invalid: use some of {','.join(known)}, or name a jobId")
    return Wanted(
        statuses=query.status or known,
        job_id=query.job_id,
        before=None if query.cursor is None else cursors.decode(query.cursor, _place),
        limit=query.limit,
    )


def cursor(place: Place | None) -> str | None:
    """The cursor of the page that begins there."""
    return None if place is None else cursors.encode(place.scheduled_at, place.id)


def _place(at: Any, execution_id: Any) -> Place:
    if not isinstance(execution_id, str):
        raise TypeError("an id is a text")
    return Place(cursors.aware(at), uuid.UUID(execution_id))

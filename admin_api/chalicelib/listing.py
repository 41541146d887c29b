"""Which executions a list asks for, read from its query, and the cursor that leads to the next page."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime

from chalice.app import Request

from chalicelib import incoming
from chalicelib.refusals import NotValid
from functions.db.executions import WAITING, Place

STATUSES = (
    "queued",
    "scheduled",
    "running",
    "retrying",
    "succeeded",
    "failed",
    "skipped",
    "cancelled",
    "lost",
    "missed",
)
_LIMIT, _MOST = 50, 200


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a list is to hold: newest first, after a place, at most `limit`."""

    statuses: tuple[str, ...]
    job_id: str | None
    before: Place | None
    limit: int


def wanted(request: Request) -> Wanted:
    """`status`, `jobId`, `limit` and `cursor` of this request. Raises NotValid, JobNotFound for an impossible id."""
    job = incoming.parameter(request, "jobId")
    return Wanted(
        statuses=_statuses(incoming.parameter(request, "status"), is_of_job=job is not None),
        job_id=None if job is None else incoming.job_id(job),
        before=_place(incoming.parameter(request, "cursor")),
        limit=_limit(incoming.whole_number(request, "limit")),
    )


def cursor(place: Place | None) -> str | None:
    """The cursor of the page that begins there."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(f"{place.scheduled_at.isoformat()} {place.id}".encode()).decode().rstrip("=")


def _place(text: str | None) -> Place | None:
    if text is None:
        return None
    try:
        at, _, execution_id = (
            base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().partition(" ")
        )
        place = Place(datetime.fromisoformat(at), uuid.UUID(execution_id))
    except ValueError:
        place = None
    if place is None or place.scheduled_at.tzinfo is None:
        raise NotValid(f"cursor={text[:100]!r} is invalid: use the nextCursor of the page before")
    return place


def _limit(given: int | None) -> int:
    limit = _LIMIT if given is None else given
    if not 1 <= limit <= _MOST:
        raise NotValid(f"limit={limit} is invalid: use a whole number from 1 to {_MOST}")
    return limit


def _statuses(text: str | None, *, is_of_job: bool) -> tuple[str, ...]:
    known = STATUSES if is_of_job else WAITING
    given = known if text is None else tuple(text.split(","))
    for status in given:
        if status not in known:
            more = "" if is_of_job or status not in STATUSES else ", or name a jobId"
            raise NotValid(f"status={status[:100]!r} is invalid: use some of {','.join(known)}{more}")
    return given

"""What a Lambda event asks for: which job, for which instant, and why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from functions.definition import is_job_id
from functions.errors import InvalidEvent
from functions.record import Record

_CAUSES = ("schedule", "manual", "retry", "catch_up", "one_time")
# EventBridge gives up after 24 hours, and a one-time execution is written down up to a year ahead and then retried;
# anything beyond these is none of ours.
_OLDEST = timedelta(days=732)
_EARLIEST = timedelta(hours=1)


class Invocation(Record):
    """One delivery of an event; scheduled_at is aware UTC, on the whole minute for a schedule."""

    job_id: str
    cause: str
    scheduled_at: datetime
    execution_id: uuid.UUID


def parse(event: object, *, now: datetime) -> Invocation:
    """Read an event of a rule, a schedule, a trigger by hand, or a retry. Raises InvalidEvent naming what is wrong.

    A scheduled instant is floored to the minute (EventBridge fires anywhere within it); the executions of all other
    causes were written down before, and the event names them.
    """
    if not isinstance(event, Mapping):
        raise InvalidEvent(f"event {_short(event)} is not an object: expected cause, job_id and scheduled_at")
    job_id, cause = _job_id(event.get("job_id")), event.get("cause")
    if cause not in _CAUSES:
        raise InvalidEvent(f"event for {job_id!r} has cause={_short(cause)}: use one of {', '.join(_CAUSES)}")
    scheduled_at = _instant(job_id, event.get("scheduled_at"), now)
    if cause == "schedule":
        return Invocation(
            job_id=job_id, cause=cause, execution_id=uuid.uuid4(),
            scheduled_at=scheduled_at.replace(second=0, microsecond=0),
        )  # fmt: skip
    execution_id = _execution_id(job_id, event.get("execution_id"))
    return Invocation(job_id=job_id, cause=cause, execution_id=execution_id, scheduled_at=scheduled_at)


def event_for(*, cause: str, job_id: str, execution_id: uuid.UUID, scheduled_at: datetime) -> dict[str, str]:
    """The event that `parse` reads as an invocation of an execution that is written down already."""
    return {
        "cause": cause,
        "job_id": job_id,
        "execution_id": str(execution_id),
        "scheduled_at": scheduled_at.isoformat(),
    }


def _job_id(value: object) -> str:
    if not isinstance(value, str) or not is_job_id(value):
        raise InvalidEvent(f"event has job_id={_short(value)}: use 1-100 of a-z, 0-9, '.', '_' or '-'")
    return value


def _instant(job_id: str, value: object, now: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        rule = "use an ISO 8601 instant with its offset"
        raise InvalidEvent(f"event for {job_id!r} has scheduled_at={_short(value)}: {rule}")
    if not now - _OLDEST <= instant <= now + _EARLIEST:
        rule = "an occurrence is at most an hour ahead and two years old"
        raise InvalidEvent(f"event for {job_id!r} has scheduled_at={value!r}: {rule}")
    return instant.astimezone(UTC)


def _execution_id(job_id: str, value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        rule = "such an event names the execution that was written down; use the admin API's trigger"
        raise InvalidEvent(f"event for {job_id!r} has execution_id={_short(value)}: {rule}") from None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"

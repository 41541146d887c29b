"""One-time jobs: written down first, then sent; in the caller's own transaction sent once that has committed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from functions.database import process_database
from functions.db import one_time
from functions.db.connection import CallersConnection, Connection, WarmConnection
from functions.db.one_time import Enqueued
from functions.dispatch import send, send_all
from functions.errors import InvalidEnqueue, JobsDisabled
from functions.params import secret_names, to_json
from functions.pending import pending
from functions.settings import settings
from functions.text import Text

if TYPE_CHECKING:
    from functions.job import Job

_FURTHEST = timedelta(days=366)
_LONGEST_KEY = 200
RUN_ON = ("succeeded", "failed", "finished")
_IDLE = 0  # libpq's PQTRANS_IDLE


def enqueue(
    job: Job,
    *,
    params: Any = None,
    delay: timedelta | None = None,
    at: datetime | None = None,
    key: str | None = None,
    connection: CallersConnection | None = None,
    after: uuid.UUID | None = None,
    on: str = "succeeded",
) -> uuid.UUID:
    """Described for authors in functions/job.py."""
    job_id, given = job.definition.id, _params_of(job, params)
    starts_at = start_at(job_id, delay=delay, at=at, after=after)
    check(job_id, key=key, on=on)
    write = partial(
        one_time.enqueue, job_id=job_id, params=given, secret_params=_secrets_of(job), start_at=starts_at, key=key,
        after=after, on=on,
    )  # fmt: skip
    database = process_database()
    enqueued = _written(database, write) if connection is None else write(connection)
    if connection is None or connection.info.transaction_status == _IDLE:  # in autocommit mode, outside a transaction
        send(settings(), database, enqueued)
    else:
        pending().add(connection, enqueued)
    return enqueued.execution_id


def _written(database: WarmConnection, write: Callable[..., Enqueued]) -> Enqueued:
    """Written down by our own connection, once: should it break with the answer, the second try looks for the first."""
    execution_id, tries = uuid.uuid4(), count()

    def action(opened: Connection) -> Enqueued:
        found = one_time.find(opened, execution_id) if next(tries) else None
        return found or write(opened, execution_id=execution_id)

    return database.run(action)


def enqueue_many(
    job: Job,
    params: Iterable[Any],
    *,
    delay: timedelta | None = None,
    at: datetime | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[uuid.UUID]:
    """Described for authors in functions/job.py."""
    job_id = job.definition.id
    starts_at = start_at(job_id, delay=delay, at=at, after=None)
    check(job_id, key=None, on="succeeded")
    given = [_params_of(job, item) for item in params]
    write = partial(
        one_time.enqueue_many, job_id=job_id, params=given, secret_params=_secrets_of(job), start_at=starts_at
    )
    # A connection of its own: others may enqueue beside it, and must not do so inside this transaction. Not repeated,
    # as `run` would: twice the batch would be twice the work.
    with process_database().another() as connection:
        ids = write(connection)
        send_all(settings(), connection, ids=ids, progress=progress)
    return ids


def _params_of(job: Job, params: Any) -> Mapping[str, Any] | None:
    if job.params is None:
        if params is None:
            return None
        raise InvalidEnqueue(
            f"job {job.definition.id!r} takes no params, but was given some: give it a type, @job(params=…), or leave "
            "them out"
        )
    return to_json(job.definition.id, job.params, params)


def _secrets_of(job: Job) -> tuple[str, ...]:
    return () if job.params is None else secret_names(job.params)


def check(job_id: str, *, key: str | None, on: str) -> None:
    """Raise JobsDisabled while jobs are switched off, InvalidEnqueue for a key or an `on` there cannot be."""
    if not settings().jobs_enabled:
        raise JobsDisabled
    if key is not None and not (isinstance(key, str) and 1 <= len(key) <= _LONGEST_KEY and "\x00" not in key):
        raise InvalidEnqueue(
            Text(
                "job %(job)s: key=%(key)s is invalid: use 1 to %(longest)s characters",
                job=repr(job_id),
                key=repr(key),
                longest=_LONGEST_KEY,
            )
        )
    if on not in RUN_ON:
        raise InvalidEnqueue(f"job {job_id!r}: on={on!r} is invalid: use one of {', '.join(RUN_ON)}")


def start_at(job_id: str, *, delay: timedelta | None, at: datetime | None, after: uuid.UUID | None) -> datetime | None:
    """When it is to start, aware UTC; None for at once, or after the other execution. Raises InvalidEnqueue."""
    if delay is None and at is None:
        return None
    if (delay is not None and at is not None) or after is not None:
        raise InvalidEnqueue(f"job {job_id!r}: delay, at and after exclude each other: give one of them")
    now = datetime.now(UTC)
    if at is not None and (not isinstance(at, datetime) or at.tzinfo is None):
        raise InvalidEnqueue(f"job {job_id!r}: at={at!r} has no time zone: use an aware datetime, as with tzinfo=UTC")
    if delay is not None and not isinstance(delay, timedelta):
        raise InvalidEnqueue(f"job {job_id!r}: delay={delay!r} is no duration: use a timedelta")
    try:
        starts_at = at.astimezone(UTC) if at is not None else now + (delay or timedelta())
        is_near = starts_at <= now + _FURTHEST
    except OverflowError:
        is_near = False
    if not is_near:
        asked = f"at={at.isoformat()}" if at is not None else f"delay={delay}"
        raise InvalidEnqueue(
            Text("job %(job)s: %(asked)s is too far off: use at most a year ahead", job=repr(job_id), asked=asked)
        )
    return starts_at

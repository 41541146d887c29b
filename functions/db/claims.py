"""The claim: one statement decides whether this process runs an occurrence, and records why not (claim.sql)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from functions.db.connection import Connection
from functions.errors import JobNotFound
from functions.record import Record


class Claim(Record):
    """What the database decided about one delivery of an occurrence.

    decision: `run` (we hold the lease), `skip` (recorded as skipped, see reason), `fail` (a retry that may not run,
    recorded as failed, see reason), `wait` (a one-time execution of a job that is held: nothing changed, the sweep
    sends it again), `duplicate` (somebody else has it, or there is nothing to run).
    failed_attempts: how many attempts of this execution have failed or been lost so far. params: what it was enqueued
    with, as JSON. due_at: when a one-time execution was to start, aware UTC.
    """

    decision: str
    reason: str | None = None
    execution_id: uuid.UUID | None = None
    attempt: int | None = None
    failed_attempts: int | None = None
    started_at: datetime | None = None
    params: dict[str, Any] | None = None
    due_at: datetime | None = None
    token: uuid.UUID


_CLAIM = """
SELECT lamplighter.claim_occurrence(%(job_id)s, %(scheduled_at)s, %(cause)s, %(overlap)s, %(execution_id)s, %(token)s,
                                    %(lease)s, %(enabled)s, %(request_id)s)
"""


def claim(
    connection: Connection,
    *,
    job_id: str,
    scheduled_at: datetime,
    cause: str,
    overlap: str,
    execution_id: uuid.UUID,
    token: uuid.UUID,
    lease: timedelta,
    enabled: bool = True,
    request_id: str | None = None,
) -> Claim:
    """Claim one occurrence for `lease` from now. Safe to repeat with the same token when the answer got lost.

    The database decides: DESIGN.md §4.2. `enabled` is the deployment's switch: off, nothing runs.
    Raises JobNotFound when the job was never deployed.
    """
    values = {
        "job_id": job_id, "scheduled_at": scheduled_at, "cause": cause, "overlap": overlap,
        "execution_id": execution_id, "token": token, "lease": lease, "enabled": enabled, "request_id": request_id,
    }  # fmt: skip
    try:
        return _decide(connection, values)
    except psycopg.errors.CheckViolation as error:
        from functions.db.partitions import ensure_month, is_missing_month  # late: the months are made ahead

        if not is_missing_month(error):
            raise
    ensure_month(connection, scheduled_at)
    return _decide(connection, values)


def _decide(connection: Connection, values: dict[str, Any]) -> Claim:
    [(decided,)] = connection.kept_cursor.execute(_CLAIM, values).fetchall()
    if decided is None:
        return Claim(decision="duplicate", token=values["token"])
    if decided["decision"] == "no_job":
        raise JobNotFound(f"job {values['job_id']!r} is not in the database: deploy it, or run a reconcile")
    for name in _READ.keys() & decided.keys():
        decided[name] = decided[name] and _READ[name](decided[name])
    return Claim(token=values["token"], **decided)


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


_READ: dict[str, Callable[[str], object]] = {"execution_id": uuid.UUID, "started_at": _instant, "due_at": _instant}

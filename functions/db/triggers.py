"""The trigger table: what the last reconcile made in AWS for each job; and the lock that keeps reconciles apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from functions.db.connection import Connection, connect
from functions.db.json_values import as_jsonb
from functions.errors import DatabaseUnavailable, ReconcileRunning
from functions.text import Text, said_by


@dataclass(frozen=True, kw_only=True)
class AppliedTrigger:
    """One job's trigger as last applied: which backend, why that one, what defined it, and the phase of a rate.

    An empty digest: a reconcile was about to change the trigger and has not said how that ended.
    """

    job_id: str
    backend: str
    reason: str
    digest: str
    anchor_at: datetime | None
    applied_at: datetime


_COLUMNS = "SELECT job_id, backend, reason, digest, anchor_at, applied_at FROM lamplighter.trigger"
_ALL = _COLUMNS + " ORDER BY job_id"
_ONE = _COLUMNS + " WHERE job_id = %s"


def all_triggers(connection: Connection) -> dict[str, AppliedTrigger]:
    """Every trigger we made and have not removed, by job id."""
    with connection.cursor(row_factory=class_row(AppliedTrigger)) as cursor:
        return {row.job_id: row for row in cursor.execute(_ALL).fetchall()}


def get(connection: Connection, job_id: str) -> AppliedTrigger | None:
    """The trigger we made for one job; None when it has none."""
    with connection.cursor(row_factory=class_row(AppliedTrigger)) as cursor:
        return cursor.execute(_ONE, (job_id,)).fetchone()


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many triggers the last reconcile left in AWS, and how many schedules what waits may have there at most."""

    rules: int
    recurring_schedules: int
    one_time_schedules: int


# What waits is read from its partial indexes, one for each status.
_COUNTS = """
SELECT count(*) FILTER (WHERE backend = 'rule') AS rules,
       count(*) FILTER (WHERE backend = 'schedule') AS recurring_schedules,
       (SELECT count(*) FROM lamplighter.execution WHERE status = 'scheduled' AND due_at IS NOT NULL)
       + (SELECT count(*) FROM lamplighter.execution WHERE status = 'retrying') AS one_time_schedules
FROM lamplighter.trigger
"""


def counts(connection: Connection) -> Counts:
    """How many of each there are, as far as PostgreSQL knows."""
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        found = cursor.execute(_COUNTS).fetchone()
    assert found is not None
    return found


_STORE = """
INSERT INTO lamplighter.trigger (job_id, backend, reason, digest, anchor_at, applied_at)
SELECT job_id, backend, reason, digest, anchor_at, applied_at
FROM jsonb_to_recordset(%s) AS t(job_id text, backend text, reason text, digest text,
                                 anchor_at timestamptz, applied_at timestamptz)
ON CONFLICT (job_id) DO UPDATE SET
    backend = excluded.backend, reason = excluded.reason, digest = excluded.digest,
    anchor_at = excluded.anchor_at, applied_at = excluded.applied_at,
    judge_at = '-infinity'  -- when its next occurrence must be there was the old one's
"""


def store(connection: Connection, applied: Iterable[AppliedTrigger]) -> None:
    """Remember what has just been made in AWS."""
    connection.execute(_STORE, (as_jsonb([asdict(trigger) for trigger in applied]),))


def forget(connection: Connection, job_ids: Sequence[str]) -> None:
    """Forget triggers that have just been removed from AWS."""
    connection.execute("DELETE FROM lamplighter.trigger WHERE job_id = ANY (%s)", (list(job_ids),))


_DOUBT = "UPDATE lamplighter.trigger SET digest = '' WHERE job_id = ANY (%s)"


def doubt(connection: Connection, job_ids: Sequence[str]) -> None:
    """Note for good that AWS may hold something else than recorded for these jobs, until `store` or `forget` clears it.

    A job without a record is in doubt anyway. The note is committed on a second connection to the same database: the
    one given is in the transaction that holds the lock, which a commit would end, and a session's lock does not work
    behind RDS Proxy or PgBouncer. So a pool must have room for two. Without jobs nothing is opened or written.
    Raises DatabaseUnavailable.
    """
    if not job_ids:
        return
    try:
        with connect(connection.database) as second:
            second.execute(_DOUBT, (list(job_ids),))
    except (DatabaseUnavailable, psycopg.OperationalError) as error:
        raise DatabaseUnavailable(
            Text(
                "PostgreSQL gave no second connection, which a reconcile needs before it changes AWS: %(error)s; "
                "nothing was changed; allow one more connection and run it again",
                error=said_by(error),
            )
        ) from error


_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"


def lock(connection: Connection, timeout: timedelta | None) -> None:
    """Wait until no other reconcile runs, and keep others out until the surrounding transaction ends.

    Raises ReconcileRunning when another one is still at work after the timeout; None waits for ever.
    """
    milliseconds = 0 if timeout is None else max(1, timeout // timedelta(milliseconds=1))
    try:
        connection.execute(_LOCK_TIMEOUT, (str(milliseconds),))
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('lamplighter.reconcile'))")
        connection.execute(_LOCK_TIMEOUT, ("0",))
    except psycopg.errors.LockNotAvailable as error:
        raise ReconcileRunning(
            Text(
                "another reconcile was still running after %(timeout)s: run this one again; PostgreSQL already "
                "holds what was asked for, and no paused or removed job starts",
                timeout=timeout,
            )
        ) from error


def now(connection: Connection) -> datetime:
    """What time it is by the database's clock."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0]

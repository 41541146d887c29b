"""The monthly partitions that hold executions and what belongs to them: made ahead, dropped when nobody keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import psycopg

from functions.db.connection import Connection
from functions.record import Record

T = TypeVar("T")
# Less than PostgreSQL waits before it looks for a deadlock (1 s): whoever meets a drop, it is the drop that gives way.
_DROP_LOCK_TIMEOUT = "500ms"


class Month(Record):
    """One month: its first instant and the next one's, aware UTC, and every table that holds a part of it."""

    starts_at: datetime
    ends_at: datetime
    tables: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The month as people write it: 2026-11."""
        return f"{self.starts_at:%Y-%m}"


def month_of(instant: datetime) -> Month:
    """The month that holds this instant, by UTC; its tables are not looked up."""
    first = instant.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Month(starts_at=first, ends_at=(first + timedelta(days=31)).replace(day=1))


def ensure_month(connection: Connection, instant: datetime) -> None:
    """Make the month that holds this instant ready. Safe to call twice and at once."""
    connection.execute("SELECT lamplighter.ensure_month(%s)", (instant,))


def ensure_this_month(connection: Connection) -> None:
    """Make the month it is by the database's clock ready."""
    connection.execute("SELECT lamplighter.ensure_month(clock_timestamp())")


def is_missing_month(error: psycopg.errors.CheckViolation) -> bool:
    """Whether this insert failed only because its month has no partition yet (PostgreSQL names no constraint then)."""
    return error.diag.constraint_name is None


def in_a_ready_month(connection: Connection, write: Callable[[], T]) -> T:
    """write(), which is a transaction by itself; once more in this month's partition when there was none yet."""
    try:
        return write()
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    ensure_this_month(connection)
    return write()


# Only what ensure_month names is ours to drop; which parents there are, the catalogue knows.
_MONTHS = r"""
SELECT to_date(right(part.relname, 7), 'YYYY_MM'), array_agg(part.relname::text ORDER BY parent.relname)
FROM pg_inherits
JOIN pg_class part ON part.oid = inhrelid
JOIN pg_class parent ON parent.oid = inhparent AND parent.relkind = 'p'
WHERE parent.relnamespace = 'lamplighter'::regnamespace
  AND part.relnamespace = parent.relnamespace
  AND part.relname ~ '_\d{4}_\d{2}$' AND left(part.relname, -8) = parent.relname
GROUP BY 1 ORDER BY 1
"""


def months(connection: Connection) -> list[Month]:
    """Every month there is a partition of, oldest first, with its tables."""
    found = []
    for first, tables in connection.execute(_MONTHS).fetchall():
        month = month_of(datetime(first.year, first.month, 1, tzinfo=UTC))
        found.append(Month(starts_at=month.starts_at, ends_at=month.ends_at, tables=tuple(tables)))
    return found


# A function of the database, so that it can be the owner who drops: routines/grants.sql.
_DROP = "SELECT lamplighter.drop_month(%s, %s)"


def drop_month(connection: Connection, month: Month, *, finished_before: datetime) -> bool:
    """Drop all tables of a month at once; False, and nothing is dropped, while somebody needs it.

    That is: an execution in it is not final, or became final since the instant, or a transaction holds its tables for
    longer than half a second.
    """
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (_DROP_LOCK_TIMEOUT,))
            return connection.execute(_DROP, (f"{month.starts_at:%Y_%m}", finished_before)).fetchone() == (True,)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        return False

"""Which executions could be run again: ended without success, of jobs on the list, and not run again yet."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.execution_pages import CAUSES

# Ended, and not as somebody wanted it.
REPEATABLE = ("failed", "lost", "cancelled", "missed")
# Nobody counts further; a page of a hundred is found as fast among millions.
MOST_COUNTED = 10_000


@dataclass(frozen=True, kw_only=True)
class RepeatsWanted:
    """Which of them: ended with one of these statuses, all four of REPEATABLE at most; else as in execution_pages."""

    statuses: Sequence[str]
    causes: Sequence[str] = CAUSES
    job_id: str | None = None
    since_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Repeatable:
    """One execution to run again; params as they were given."""

    id: uuid.UUID
    job_id: str
    scheduled_at: datetime
    status: str
    cause: str
    params: dict[str, Any] | None


_FIND = """
SELECT e.id, e.scheduled_at
FROM unnest(%(statuses)s::text[]) AS s(status), unnest(%(causes)s::text[]) AS c(cause), LATERAL (
    SELECT e.id, e.scheduled_at FROM lamplighter.execution e
    WHERE e.status = s.status AND e.cause = c.cause AND e.repeated_by IS NULL AND e.status <> 'running'
      AND (e.status <> 'succeeded' OR e.cause NOT IN ('schedule', 'one_time'))
      AND (%(job_id)s::text IS NULL OR e.job_id = %(job_id)s)
      AND e.job_id IN (SELECT id FROM lamplighter.job WHERE in_code AND removed_at IS NULL)
      AND e.scheduled_at >= coalesce(%(since_at)s, '-infinity'::timestamptz)
      AND e.scheduled_at < coalesce(%(until_at)s, 'infinity'::timestamptz)
    ORDER BY e.scheduled_at LIMIT %(most)s) AS e
"""
_COUNT = f"SELECT count(*) FROM ({_FIND} LIMIT %(most)s) AS found"  # noqa: S608 - all of it is written here
_OLDEST = f"""
SELECT e.id, e.job_id, e.scheduled_at, e.status, e.cause, e.params
FROM ({_FIND} ORDER BY e.scheduled_at, e.id LIMIT %(most)s) AS f
JOIN lamplighter.execution e ON e.id = f.id AND e.scheduled_at = f.scheduled_at
ORDER BY e.scheduled_at, e.id
"""  # noqa: S608 - all of it is written here


def count(connection: Connection, wanted: RepeatsWanted) -> int:
    """How many there are; of more than 10,000 (MOST_COUNTED), 10,001."""
    row = connection.execute(_COUNT.encode(), _values(wanted, MOST_COUNTED + 1)).fetchone()
    assert row is not None
    return int(row[0])


def oldest(connection: Connection, wanted: RepeatsWanted, *, limit: int) -> list[Repeatable]:
    """The oldest of them, by scheduled instant."""
    with connection.cursor(row_factory=class_row(Repeatable)) as cursor:
        return cursor.execute(_OLDEST.encode(), _values(wanted, limit)).fetchall()


def _values(wanted: RepeatsWanted, most: int) -> dict[str, Any]:
    return {**vars(wanted), "statuses": list(wanted.statuses), "causes": list(wanted.causes), "most": most}

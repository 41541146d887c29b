"""Executions page by page, newest first: of all jobs or of one, by status, cause and time, each way along an index."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.db.executions import COLUMNS, TABLES, WAITING, ListedExecution
from functions.settings import FINAL_STATUSES

CAUSES = ("schedule", "manual", "retry", "backfill", "catch_up", "one_time")
STATUSES = (*WAITING[:2], "running", WAITING[2], *FINAL_STATUSES)


class Place(NamedTuple):
    """Where an execution stands in a list by scheduled instant: between two at the same one, the id decides."""

    scheduled_at: datetime
    id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which executions: with one of these stored statuses and causes, scheduled at since_at or later, before until_at.

    Without a job those of all jobs, also of removed ones. Both instants aware, None without such a bound.
    """

    statuses: Sequence[str] = STATUSES
    causes: Sequence[str] = CAUSES
    job_id: str | None = None
    since_at: datetime | None = None
    until_at: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether any status and any cause will do."""
        return set(self.statuses) >= set(STATUSES) and set(self.causes) >= set(CAUSES)


_IN_TIME = """
      AND e.scheduled_at >= coalesce(%(since_at)s, '-infinity'::timestamptz)
      AND e.scheduled_at < coalesce(%(until_at)s, 'infinity'::timestamptz)
      AND e.scheduled_at <= coalesce(%(at)s, 'infinity'::timestamptz)
      AND (%(at)s::timestamptz IS NULL OR (e.scheduled_at, e.id) < (%(at)s, %(id)s))
    ORDER BY e.scheduled_at DESC, e.id DESC LIMIT %(limit)s
"""
_FIND = "SELECT e.id, e.scheduled_at FROM lamplighter.execution e WHERE "
# Each status with each cause is a walk of its own along execution_listed, which begins with them: none passes by what
# is not wanted, however little of it there is. What runs is not much, and has an index of its own.
_WALKS = "SELECT w.* FROM unnest(%(listed)s::text[]) AS s(status), unnest(%(causes)s::text[]) AS c(cause), LATERAL ("
_LISTED = "e.status = s.status AND e.cause = c.cause AND e.status <> 'running'"
# Of one job, execution_of_note has all but the ordinary, which is nearly everything in its history.
_OF_NOTE = f"{_LISTED} AND (e.status <> 'succeeded' OR e.cause NOT IN ('schedule', 'one_time'))"
_RUNS = "%(runs)s AND e.status = 'running' AND e.cause = ANY (%(causes)s)"
_ORDINARY = "%(is_ordinary)s AND e.status = 'succeeded' AND e.cause = ANY (%(ordinary)s)"
_JOB = " AND e.job_id = %(job_id)s"
# Of many, messages are cut: an answer of Lambda holds 6 MB.
_SHOW = COLUMNS + ", left(e.error_message, 4000) AS error_message" + TABLES
_THESE = "JOIN found f ON f.id = e.id AND f.scheduled_at = e.scheduled_at ORDER BY e.scheduled_at DESC, e.id DESC"
_NEWEST_OF_WALKS = "found AS (SELECT * FROM walked ORDER BY scheduled_at DESC, id DESC LIMIT %(limit)s)"

OF_ALL = (
    f"WITH walked AS ({_WALKS} {_FIND} {_LISTED} {_IN_TIME}) AS w UNION ALL ({_FIND} {_RUNS} {_IN_TIME})),"
    f" {_NEWEST_OF_WALKS}"
    f" {_SHOW} {_THESE}"
)
OF_JOB = (
    f"WITH walked AS ({_WALKS} {_FIND} {_OF_NOTE} {_JOB} {_IN_TIME}) AS w"
    f" UNION ALL ({_FIND} {_ORDINARY} {_JOB} {_IN_TIME})"
    f" UNION ALL ({_FIND} {_RUNS} {_JOB} {_IN_TIME})),"
    f" {_NEWEST_OF_WALKS} {_SHOW} {_THESE}"
)
# Everything of one job is its part of execution_occurrence.
ALL_OF_JOB = f"WITH found AS ({_FIND} true {_JOB} {_IN_TIME}) {_SHOW} {_THESE}"


def page(connection: Connection, wanted: Wanted, *, before: Place | None, limit: int) -> list[ListedExecution]:
    """The newest of the wanted executions, by scheduled instant, that come after a place. Messages end after 4,000
    characters; one past its lease that nobody has marked yet is stored as running, and says it is lost."""
    with connection.cursor(row_factory=class_row(ListedExecution)) as cursor:
        return cursor.execute(query_of(wanted).encode(), values_of(wanted, before=before, limit=limit)).fetchall()


def query_of(wanted: Wanted) -> str:
    """The one of the three statements that finds these."""
    if wanted.job_id is None:
        return OF_ALL
    return ALL_OF_JOB if wanted.is_everything else OF_JOB


def values_of(wanted: Wanted, *, before: Place | None, limit: int) -> dict[str, Any]:
    """The values of that statement."""
    ordinary = [cause for cause in wanted.causes if cause in ("schedule", "one_time")]
    return {
        "listed": [status for status in wanted.statuses if status != "running"],
        "causes": list(wanted.causes),
        "runs": "running" in wanted.statuses,
        "ordinary": ordinary,
        "is_ordinary": "succeeded" in wanted.statuses and len(ordinary) > 0,
        "job_id": wanted.job_id,
        "since_at": wanted.since_at,
        "until_at": wanted.until_at,
        "at": before and before.scheduled_at,
        "id": before and before.id,
        "limit": limit,
    }

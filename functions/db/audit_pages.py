"""The audit trail as people read it: newest first, page by page, all of it or what one actor, action or job has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.record import Record


class AuditRow(Record):
    """One change; `at` aware UTC. before, after: what it changed, from what to what."""

    id: int
    at: datetime
    actor: str
    action: str
    job_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    request_id: str | None


class AuditPlace(NamedTuple):
    """Where a row stands in the trail: between two at the same instant, the id decides."""

    at: datetime
    id: int


@dataclass(frozen=True, kw_only=True)
class AuditWanted:
    """Which rows; None: any. since_at and until_at are aware, the second one is not part of it."""

    actor: str | None = None
    action: str | None = None
    job_id: str | None = None
    since_at: datetime | None = None
    until_at: datetime | None = None


_PAGE = """
SELECT id, at, actor, action, job_id, before, after, reason, request_id
FROM lamplighter.audit
WHERE (%(actor)s::text IS NULL OR actor = %(actor)s) AND (%(action)s::text IS NULL OR action = %(action)s)
  AND (%(job_id)s::text IS NULL OR job_id = %(job_id)s)
  AND at >= coalesce(%(since_at)s, '-infinity'::timestamptz) AND at < coalesce(%(until_at)s, 'infinity'::timestamptz)
  AND at <= coalesce(%(before_at)s, 'infinity'::timestamptz)
  AND (%(before_at)s::timestamptz IS NULL OR (at, id) < (%(before_at)s, %(before_id)s))
ORDER BY at DESC, id DESC LIMIT %(limit)s
"""


def page(connection: Connection, wanted: AuditWanted, *, before: AuditPlace | None, limit: int) -> list[AuditRow]:
    """The newest of the wanted rows that come after a place."""
    values = {**vars(wanted), "before_at": before and before.at, "before_id": before and before.id, "limit": limit}
    with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        return cursor.execute(_PAGE, values).fetchall()

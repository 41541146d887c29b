"""The audit trail: who changed what, when and why."""

from __future__ import annotations

from dataclasses import dataclass

from functions.db import audit_pages
from functions.db.audit_pages import AuditPlace, AuditRow, AuditWanted
from functions.db.connection import Connection


@dataclass(frozen=True)
class AuditPage:
    """Some rows, newest first, and where the next page begins: None after the last one."""

    rows: list[AuditRow]
    next: AuditPlace | None


def page(connection: Connection, wanted: AuditWanted, *, before: AuditPlace | None, limit: int) -> AuditPage:
    """The newest of the wanted rows that come after a place; a job or an actor nobody knows has none."""
    rows = audit_pages.page(connection, wanted, before=before, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return AuditPage(rows[:limit], None if last is None else AuditPlace(last.at, last.id))

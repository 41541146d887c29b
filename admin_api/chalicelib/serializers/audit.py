"""The audit trail on the wire."""

from __future__ import annotations

from typing import Any

from chalicelib import cursors
from chalicelib.serializers.output import Instant, Output, instant
from chalicelib.services.audit import AuditPage
from functions.db.audit_pages import AuditRow
from functions.redaction import redacted


class AuditEntry(Output):
    """One change: who made it, what it was from and to, why, and by which request."""

    id: int
    at: Instant
    actor: str
    action: str
    job_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    request_id: str | None


class AuditEntries(Output):
    """Some of the trail, newest first; nextCursor leads to the rest, null when there is none."""

    entries: list[AuditEntry]
    next_cursor: str | None


def entries(page: AuditPage) -> AuditEntries:
    """A page of the trail."""
    following = None if page.next is None else cursors.encode(page.next.at, page.next.id)
    return AuditEntries(entries=[_entry(row) for row in page.rows], next_cursor=following)


def _entry(row: AuditRow) -> AuditEntry:
    # No secret is written there; should one ever be, under a secret's name, it is not shown either.
    return AuditEntry(
        id=row.id,
        at=instant(row.at),
        actor=row.actor,
        action=row.action,
        job_id=row.job_id,
        before=redacted(row.before),
        after=redacted(row.after),
        reason=row.reason,
        request_id=row.request_id,
    )

"""The audit: who changed what, when and why."""

from __future__ import annotations

from typing import Annotated

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors
from chalicelib.blueprints.audit import place
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input
from chalicelib.pages.local_time import instant
from chalicelib.pages.page import page
from chalicelib.pages.rendering import render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import AUDIT_VIEW
from chalicelib.services import audit as audit_service
from functions.db.audit_pages import AuditRow, AuditWanted

audit_pages = Blueprint(__name__)

_ROWS = 50
Instant = Annotated[str, Meta(max_length=25)]


class AuditQuery(Input):
    """Which changes, in words people type: the instants are on their own clock."""

    job_id: Annotated[str, Meta(max_length=100)] | None = None
    actor: Annotated[str, Meta(max_length=200)] | None = None
    action: Annotated[str, Meta(max_length=100)] | None = None
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)
    cursor: Cursor | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than everything."""
        return any((self.job_id, self.actor, self.action, self.since, self.until))


@page(audit_pages, "GET", "/audit", permission=AUDIT_VIEW, query=AuditQuery)
def list_audit(visit: Visit, query: AuditQuery) -> Response:
    """A page of changes, newest first."""
    wanted = AuditWanted(
        actor=query.actor,
        action=query.action,
        job_id=query.job_id,
        since_at=instant(query.since, visit.zone),
        until_at=instant(query.until, visit.zone),
    )
    before = None if query.cursor is None else cursors.decode(query.cursor, place)
    with connection() as opened:
        found = audit_service.page(opened, wanted, before=before, limit=_ROWS)
    return render(
        visit, "audit.html", rows=[(row, _execution(row), _subject(row)) for row in found.rows], query=query,
        cursor=None if found.next is None else cursors.encode(found.next.at, found.next.id),
    )  # fmt: skip


def _execution(row: AuditRow) -> str | None:
    """The execution it is about: of the two of a retry the new one."""
    for facts in (row.after, row.before):
        if facts is not None and isinstance(found := facts.get("execution_id"), str):
            return found
    return None


def _subject(row: AuditRow) -> tuple[str, str, str] | None:
    """What else it is about: the path of its page, its key there, and what it is called."""
    facts = row.after or row.before or {}
    if isinstance(name := facts.get("role"), str):
        return "/roles/", name, name
    if isinstance(user_id := facts.get("user_id"), str):
        return "/users/", user_id, str(facts.get("name", user_id))
    return None

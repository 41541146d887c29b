"""/audit: who changed what."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import AwareInstant, Cursor, Input, JobId, Limit
from chalicelib.permissions import AUDIT_VIEW
from chalicelib.serializers import audit as serializers
from chalicelib.serializers.audit import AuditEntries
from chalicelib.services import audit as audit_service
from functions.db.audit_pages import AuditPlace, AuditWanted

audit = Blueprint(__name__)

_LARGEST_ID = 2**63 - 1  # PostgreSQL's bigint


class AuditQuery(Input):
    """Which changes: all, or those of one job, actor or action, made in this time."""

    job_id: JobId | None = None
    actor: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    action: Annotated[str, Meta(min_length=1, max_length=100, description="such as jobs.pause")] | None = None
    since_at: AwareInstant | None = msgspec.field(name="from", default=None)
    until_at: AwareInstant | None = msgspec.field(name="to", default=None)
    limit: Limit = 50
    cursor: Cursor | None = None


@endpoint(audit, "GET", "/audit", permission=AUDIT_VIEW, query=AuditQuery, answers={200: AuditEntries})
def list_audit(_: Caller, query: AuditQuery) -> Response:
    """200 with the changes that were made, newest first, page by page."""
    wanted = AuditWanted(
        actor=query.actor,
        action=query.action,
        job_id=query.job_id,
        since_at=query.since_at,
        until_at=query.until_at,
    )
    before = None if query.cursor is None else cursors.decode(query.cursor, place)
    with connection() as opened:
        page = audit_service.page(opened, wanted, before=before, limit=query.limit)
    return outgoing.as_json(serializers.entries(page))


def place(at: Any, entry_id: Any) -> AuditPlace:
    """The place a cursor of this list leads to. Raises ValueError or TypeError for what is none."""
    if type(entry_id) is not int or not 0 <= entry_id <= _LARGEST_ID:
        raise ValueError("an id is a number PostgreSQL knows")
    return AuditPlace(cursors.aware(at), entry_id)

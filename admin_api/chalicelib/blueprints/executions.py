"""/executions: what the Location of a trigger points to, and its log lines."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import incoming, outgoing, serializers
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.permissions import JOBS_VIEW
from chalicelib.services import executions as execution_service
from functions.db.audit import Author

executions = Blueprint(__name__)


@endpoint(executions, "GET", "/executions/{execution_id}", permission=JOBS_VIEW)
def show_execution(_: Author, execution_id: str) -> Response:
    """200 with one execution."""
    with connection() as opened:
        row = execution_service.get(opened, execution_id)
    return outgoing.as_json(serializers.execution(row))


@endpoint(executions, "GET", "/executions/{execution_id}/logs", permission=JOBS_VIEW)
def show_logs(_: Author, execution_id: str) -> Response:
    """200 with log lines, also while it runs: ask again with `after` the last line's number."""
    after = incoming.whole_number(executions.current_request, "after")
    with connection() as opened:
        page = execution_service.log_page(opened, execution_id, after=after)
    return outgoing.as_json(serializers.log_page(page))

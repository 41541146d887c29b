"""/executions: what the Location of a trigger points to, its log lines; cancelled, and run again."""

from __future__ import annotations

import uuid

from chalice.app import Blueprint, Response

from chalicelib import incoming, outgoing, serializers
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.permissions import JOBS_MANAGE, JOBS_VIEW
from chalicelib.services import executions as execution_service
from functions.db.audit import Author

executions = Blueprint(__name__)


@endpoint(executions, "GET", "/executions/{execution_id}", permission=JOBS_VIEW)
def show_execution(_: Author, execution_id: str) -> Response:
    """200 with one execution and its attempts."""
    with connection() as opened:
        row, attempts = execution_service.get(opened, incoming.execution_id(execution_id))
    return outgoing.as_json(serializers.execution(row, attempts))


@endpoint(executions, "GET", "/executions/{execution_id}/logs", permission=JOBS_VIEW)
def show_logs(_: Author, execution_id: str) -> Response:
    """200 with log lines, also while it runs: ask again with `after` the last line's number."""
    after = incoming.whole_number(executions.current_request, "after")
    with connection() as opened:
        page = execution_service.log_page(opened, incoming.execution_id(execution_id), after=after)
    return outgoing.as_json(serializers.log_page(page))


@endpoint(executions, "POST", "/executions/{execution_id}/cancel", permission=JOBS_MANAGE)
def cancel_execution(author: Author, execution_id: str) -> Response:
    """204 once it will not run any more; 202 when it runs and was asked to stop: Location shows whether it does."""
    found = incoming.execution_id(execution_id)
    with connection() as opened:
        has_ended = execution_service.cancel(opened, found, author)
    return outgoing.no_content() if has_ended else outgoing.accepted(Location=_location(found))


@endpoint(executions, "POST", "/executions/{execution_id}/retry", permission=JOBS_MANAGE)
def retry_execution(author: Author, execution_id: str) -> Response:
    """204 once the job's function has been invoked again; Location is the new execution."""
    with connection() as opened:
        new_id = execution_service.retry(opened, incoming.execution_id(execution_id), author)
    return outgoing.no_content(Location=_location(new_id))


def _location(execution_id: uuid.UUID) -> str:
    return incoming.link(executions.current_request, f"/executions/{execution_id}")

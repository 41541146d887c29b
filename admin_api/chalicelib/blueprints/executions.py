"""/executions: enqueued, listed, shown with its log lines; cancelled, run again, and given another time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from chalice.app import Blueprint, Response

from chalicelib import body, incoming, listing, outgoing, serializers
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.permissions import JOBS_MANAGE, JOBS_VIEW
from chalicelib.services import executions as execution_service
from chalicelib.services import one_time
from functions.db.audit import Author
from functions.settings import settings

executions = Blueprint(__name__)


@endpoint(executions, "GET", "/executions", permission=JOBS_VIEW)
def list_executions(_: Author) -> Response:
    """200 with what waits, of all jobs, or with the executions of one; newest first, page by page."""
    wanted = listing.wanted(executions.current_request)
    with connection() as opened:
        page = execution_service.page(
            opened, statuses=wanted.statuses, job_id=wanted.job_id, before=wanted.before, limit=wanted.limit
        )
    return outgoing.as_json(serializers.executions(page, now=datetime.now(UTC), is_enabled=settings().jobs_enabled))


@endpoint(executions, "POST", "/jobs/{job_id}/executions", permission=JOBS_MANAGE)
def enqueue_execution(author: Author, job_id: str) -> Response:
    """201 once it is written down; 204 when the key's execution is unfinished. Location is the execution either way."""
    found = incoming.job_id(job_id)
    given = body.read(executions.current_request, "params", "at", "delay", "key", "after", "on")
    after = given.text("after")
    with connection() as opened:
        enqueued = one_time.enqueue(
            opened,
            found,
            author,
            params=given.mapping("params"),
            at=given.instant("at"),
            delay=given.duration("delay"),
            key=given.text("key"),
            after=None if after is None else incoming.execution_id(after),
            on=given.text("on"),
        )
    respond = outgoing.created if enqueued.answer == "written" else outgoing.no_content
    return respond(Location=_location(enqueued.execution_id))


@endpoint(executions, "GET", "/executions/{execution_id}", permission=JOBS_VIEW)
def show_execution(_: Author, execution_id: str) -> Response:
    """200 with one execution and its attempts."""
    with connection() as opened:
        row, attempts = execution_service.get(opened, incoming.execution_id(execution_id))
    shown = serializers.execution(row, attempts, now=datetime.now(UTC), is_enabled=settings().jobs_enabled)
    return outgoing.as_json(shown)


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


@endpoint(executions, "POST", "/executions/{execution_id}/reschedule", permission=JOBS_MANAGE)
def reschedule_execution(author: Author, execution_id: str) -> Response:
    """204 once it starts at another time."""
    found = incoming.execution_id(execution_id)
    given = body.read(executions.current_request, "at", "delay")
    with connection() as opened:
        one_time.reschedule(opened, found, author, at=given.instant("at"), delay=given.duration("delay"))
    return outgoing.no_content()


def _location(execution_id: uuid.UUID) -> str:
    return incoming.link(executions.current_request, f"/executions/{execution_id}")

"""Executions: the list, and one of them, both live."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, listing
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input
from chalicelib.listing import Cause, JobExecutionsQuery, Status
from chalicelib.pages.local_time import moment
from chalicelib.pages.logs import LogQuery, ShownLog, is_live, shown_log
from chalicelib.pages.page import page
from chalicelib.pages.rendering import render
from chalicelib.pages.stacks import folded
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_VIEW
from chalicelib.problems import STATUSES
from chalicelib.refusals import NotValid
from chalicelib.services import cloudwatch, waiting
from chalicelib.services import executions as execution_service
from chalicelib.services.executions import Page
from functions.db.execution_pages import Wanted
from functions.db.executions import WAITING, ExecutionDetail
from functions.db.params import shown
from functions.db.repeats import REPEATABLE
from functions.errors import JobNotFound
from functions.settings import settings

executions = Blueprint(__name__)

_ROWS = 50
_LOCAL = "local"  # the stage of scripts/dev, of which CloudWatch's console knows nothing
_NO_LOG = LogQuery()
TimeText = Annotated[str, Meta(max_length=40)]


class ExecutionsPageQuery(Input):
    """Which executions; from and to are on the viewer's clock, or say their offset."""

    job_id: Annotated[str, Meta(max_length=200)] | None = None
    status: tuple[Status, ...] = ()
    cause: tuple[Cause, ...] = ()
    since: TimeText | None = msgspec.field(name="from", default=None)
    until: TimeText | None = msgspec.field(name="to", default=None)
    cursor: Cursor | None = None


@page(executions, "GET", "/executions", permission=JOBS_VIEW, query=ExecutionsPageQuery)
def list_executions(visit: Visit, query: ExecutionsPageQuery) -> Response:
    """A page of executions, newest first; a filter that cannot be is shown again with the reason."""
    try:
        with connection() as opened:
            before = listing.place(JobExecutionsQuery(cursor=query.cursor))
            found = execution_service.page(opened, _wanted(visit, query), before=before, limit=_ROWS)
    except (NotValid, JobNotFound) as refused:
        visited = replace(visit, refused=refused)
        return _list(visited, query, Page([], None), status=STATUSES[refused.code].value)
    return _list(visit, query, found)


def _wanted(visit: Visit, query: ExecutionsPageQuery) -> Wanted:
    job_id = incoming.job_id(query.job_id.strip()) if query.job_id else None
    return replace(
        listing.wanted(JobExecutionsQuery(status=query.status, cause=query.cause), job_id=job_id),
        since_at=moment(query.since, visit.zone),
        until_at=moment(query.until, visit.zone),
    )


def _list(visit: Visit, query: ExecutionsPageQuery, found: Page, *, status: int = 200) -> Response:
    return render(
        visit, "executions.html", rows=found.rows, query=query, cursor=listing.cursor(found.next), status=status,
        reasons=reasons(visit, found), times=as_typed(visit, query.since, query.until),
        is_filtered=query != ExecutionsPageQuery(cursor=query.cursor),
    )  # fmt: skip


def as_typed(visit: Visit, since: str | None, until: str | None) -> dict[str, str]:
    """Both as <input type="datetime-local"> takes them; what cannot be read is shown as it is."""
    return {"since": _as_typed(visit, since), "until": _as_typed(visit, until)}


def _as_typed(visit: Visit, text: str | None) -> str:
    try:
        at = moment(text, visit.zone)
    except NotValid:
        return text or ""
    return "" if at is None else f"{at.astimezone(visit.zone):%Y-%m-%dT%H:%M}"


def reasons(visit: Visit, found: Page) -> dict[str, waiting.Reason | None]:
    """Why each waits, by its id."""
    is_enabled = settings().jobs_enabled
    return {str(row.id): waiting.reason(row, now=visit.now, is_enabled=is_enabled) for row in found.rows}


@page(executions, "GET", "/executions/{execution_id}", permission=JOBS_VIEW, query=LogQuery)
def show_execution(visit: Visit, execution_id: str, query: LogQuery = _NO_LOG) -> Response:
    """One execution with its log; also after a refused action on it."""
    with connection() as opened:
        row, attempts = execution_service.get(opened, incoming.execution_id(execution_id))
        log = shown_log(opened, visit, row, query, link=partial(_address, visit, row, query))
    in_cloudwatch = None if settings().stage == _LOCAL else cloudwatch.lines_of(row, settings())
    return render(
        visit, "execution.html", row=row, attempts=attempts, log=log, query=query, is_live=is_live(visit, row),
        params=shown(row.params, row.secret_params), stack_of=folded(row.error_stack),
        stacks={each.attempt: folded(each.error_stack) for each in attempts},
        waits_for=waiting.reason(row, now=visit.now, is_enabled=settings().jobs_enabled),
        address=partial(_address, visit, row, query), cloud_watch=in_cloudwatch, can=_possible(row),
        log_attempts=_log_attempts(row, log),
    )  # fmt: skip


def _address(visit: Visit, row: ExecutionDetail, query: LogQuery, **changed: object) -> str:
    """This page; which lines it shows is not kept, what they have in common is."""
    kept = {"attempt": query.attempt, "level": query.level, "q": query.q}
    return visit.link(f"/executions/{row.id}", **kept | changed)


def _log_attempts(row: ExecutionDetail, log: ShownLog) -> list[int]:
    """Those whose log can be chosen: the newest ones, and the one that is shown."""
    newest = range(max(1, row.attempt - 9), row.attempt + 1)
    return sorted({*newest, log.attempt} - {0}, reverse=True)


def _possible(row: ExecutionDetail) -> dict[str, bool]:
    """What can be done with it now."""
    has_not_started = row.cause == "one_time" and row.attempt == 0
    has_ended = row.finished_at is not None and row.status not in WAITING
    return {
        "cancel": row.status in (*WAITING, "running"),
        "retry": has_ended and row.status in REPEATABLE and row.repeated_by is None,
        "reschedule": has_not_started and row.status in WAITING and row.due_at is not None,
    }

"""One job: how it stands, when it runs next, how it went, what was deployed and what AWS has of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, listing
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input
from chalicelib.listing import Cause, JobExecutionsQuery, Status
from chalicelib.pages.local_time import instant
from chalicelib.pages.page import page
from chalicelib.pages.rendering import render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_VIEW
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from chalicelib.services import occurrences as occurrence_service
from chalicelib.services import params as job_params
from chalicelib.services import plan as plan_service
from chalicelib.services import stats as stats_service
from functions.db.connection import Connection
from functions.db.execution_pages import Wanted
from functions.db.executions import ListedExecution
from functions.db.jobs import JobRow
from functions.errors import JobNotFound, JobsError

job = Blueprint(__name__)

_OCCURRENCES = 10
_CHARTED = 100
_ROWS = 25
# As people look for them; what is new comes after.
_ORDER = ("schedule", "timezone", "timeout_s", "memory_mb", "retry", "overlap", "misfire", "jitter_s")

LocalTime = Annotated[str, Meta(max_length=16)]


class JobPageQuery(Input):
    """Which part of its history, on which scale; aws: ask AWS what it has."""

    status: Status | None = None
    cause: Cause | None = None
    since: LocalTime | None = msgspec.field(name="from", default=None)
    until: LocalTime | None = msgspec.field(name="to", default=None)
    cursor: Cursor | None = None
    scale: Literal["log", "linear"] = "log"
    aws: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether some executions may be missing from the history."""
        return any((self.status, self.cause, self.since, self.until))


@page(job, "GET", "/jobs/{job_id}", permission=JOBS_VIEW, query=JobPageQuery)
def show_job(visit: Visit, job_id: str, query: JobPageQuery) -> Response:
    """One job; of one that is off the list its history."""
    found = incoming.job_id(job_id)
    asked = _executions(visit, query)
    with connection() as opened:
        history = execution_service.page(
            opened, listing.wanted(asked, job_id=found), before=listing.place(asked), limit=_ROWS
        )
        shown_history: dict[str, Any] = {
            "query": query,
            "history": history.rows,
            "cursor": listing.cursor(history.next),
        }
        try:
            shown = job_service.get(opened, found, now=visit.now)
        except JobNotFound:
            row = job_service.known(opened, found)
            return render(visit, "job_gone.html", row=row, job=row, **shown_history)
        charted = _newest(opened, found)
        stats = {by: _stats(opened, visit, found, by) for by in ("hour", "day")}
        aws = _in_aws(opened, found) if query.aws and not visit.is_fragment else None
    return render(
        visit, "job.html", job=shown.listed, shown=shown, definition=definition(shown.row), charted=charted,
        stats=stats, aws=aws, has_params=job_params.schema_of(shown.row) is not None,
        upcoming=occurrence_service.following(shown, after=visit.now, count=_OCCURRENCES), **shown_history,
    )  # fmt: skip


def definition(row: JobRow) -> list[tuple[str, Any]]:
    """The options it was deployed with, those that say something, by the name they have in code."""
    shown = {
        name: value
        for name, value in row.definition.items()
        if value not in (None, "", []) and name not in ("id", "params_schema", "description")
    }
    in_order = sorted(shown, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return [*((name, shown[name]) for name in in_order), ("hash", row.definition_hash[:12])]


def _executions(visit: Visit, query: JobPageQuery) -> JobExecutionsQuery:
    return JobExecutionsQuery(
        status=() if query.status is None else (query.status,),
        cause=() if query.cause is None else (query.cause,),
        since_at=instant(query.since, visit.zone),
        until_at=instant(query.until, visit.zone),
        cursor=query.cursor,
    )


def _newest(opened: Connection, job_id: str) -> list[ListedExecution]:
    """What the chart shows, oldest first."""
    return execution_service.page(opened, Wanted(job_id=job_id), before=None, limit=_CHARTED).rows[::-1]


def _stats(opened: Connection, visit: Visit, job_id: str, by: str) -> stats_service.StatsPage:
    return stats_service.stats(opened, by=by, since_at=None, until_at=None, job_id=job_id, now=visit.now)


def _in_aws(opened: Connection, job_id: str) -> dict[str, Any]:
    """Its trigger as it is to be and as it is, field by field; or why that cannot be said."""
    from functions.scheduling.trigger import fields  # late: most visits do not ask

    try:
        found = plan_service.of_job(opened, job_id)
    except JobsError as error:
        return {"error": error}
    wanted, current = fields(found.step.wanted or {}), fields(found.step.current or {})
    rows = [(name, wanted.get(name), current.get(name)) for name in sorted(wanted.keys() | current.keys())]
    return {"error": None, "step": found.step, "drift": found.drift, "rows": rows}

"""Jobs: the list, one job, and what is done with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, job_listing
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input, Search
from chalicelib.job_listing import JobsQuery, Sort, Tag
from chalicelib.listing import Status
from chalicelib.pages.local_time import instant
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_DELETE, JOBS_PAUSE, JOBS_TRIGGER, JOBS_VIEW
from chalicelib.serializers.jobs import State
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from chalicelib.services import occurrences as occurrence_service
from functions.db import sparks
from functions.settings import settings

jobs = Blueprint(__name__)

_ROWS = 50
_OCCURRENCES = 10
_SPARKS = 30


class JobsPageQuery(Input):
    """Which jobs, in which order; one state is enough for a page."""

    search: Search | None = None
    state: State | None = None
    last_status: Status | None = None
    tag: Tag | None = None
    sort: Sort = "id"
    cursor: Cursor | None = None


class PauseForm(Input):
    """Why, and until when, on the viewer's clock."""

    reason: Annotated[str, Meta(max_length=500)] | None = None
    until: Annotated[str, Meta(max_length=16)] | None = None


@page(jobs, "GET", "/jobs", permission=JOBS_VIEW, query=JobsPageQuery)
def list_jobs(visit: Visit, query: JobsPageQuery) -> Response:
    """A page of jobs."""
    asked = JobsQuery(
        search=query.search,
        sort=query.sort,
        state=() if query.state is None else (query.state,),
        last_status=() if query.last_status is None else (query.last_status,),
        tag=() if query.tag is None else (query.tag,),
        limit=_ROWS,
        cursor=query.cursor,
    )
    with connection() as opened:
        found = job_service.page(opened, job_listing.wanted(asked, is_enabled=settings().jobs_enabled), now=visit.now)
        strips = sparks.newest(opened, [job.id for job in found.jobs], limit=_SPARKS)
    cursor = None if found.next is None else job_listing.cursor(asked, found.next)
    return render(visit, "jobs.html", jobs=found.jobs, sparks=strips, query=query, cursor=cursor)


@page(jobs, "GET", "/jobs/{job_id}", permission=JOBS_VIEW)
def show_job(visit: Visit, job_id: str) -> Response:
    """One job."""
    with connection() as opened:
        shown = job_service.get(opened, incoming.job_id(job_id), now=visit.now)
        history = execution_service.newest(opened, shown.row.id)
        strips = sparks.newest(opened, [shown.row.id], limit=_SPARKS)
    upcoming = occurrence_service.following(shown, after=visit.now, count=_OCCURRENCES)
    return render(
        visit, "job.html", job=shown.listed, shown=shown, history=history, strip=strips.get(shown.row.id, []),
        upcoming=upcoming,
    )  # fmt: skip


@page(jobs, "GET", "/jobs/{job_id}/pause", permission=JOBS_PAUSE)
def ask_pause(visit: Visit, job_id: str) -> Response:
    """The form: why, and until when."""
    return _ask(visit, job_id, "pause")


@page(jobs, "POST", "/jobs/{job_id}/pause", permission=JOBS_PAUSE, form=PauseForm, again=ask_pause)
def pause_job(visit: Visit, job_id: str, form: PauseForm) -> Response:
    """Paused, and back to the job."""
    assert visit.caller is not None
    until = instant("until", form.until, visit.zone)
    with connection() as opened:
        job_service.pause(
            opened, incoming.job_id(job_id), replace(visit.caller, reason=form.reason), now=visit.now, until=until
        )
    return redirect(visit.link(f"/jobs/{job_id}", done="paused"))


@page(jobs, "GET", "/jobs/{job_id}/trigger", permission=JOBS_TRIGGER)
def ask_trigger(visit: Visit, job_id: str) -> Response:
    """Whether to run it now."""
    return _ask(visit, job_id, "trigger")


@page(jobs, "POST", "/jobs/{job_id}/trigger", permission=JOBS_TRIGGER, again=ask_trigger)
def trigger_job(visit: Visit, job_id: str) -> Response:
    """Triggered, and to the execution."""
    assert visit.caller is not None
    with connection() as opened:
        execution_id = execution_service.trigger(opened, incoming.job_id(job_id), visit.caller)
    return redirect(visit.link(f"/executions/{execution_id}", done="triggered"))


@page(jobs, "GET", "/jobs/{job_id}/delete", permission=JOBS_DELETE)
def ask_delete(visit: Visit, job_id: str) -> Response:
    """Whether to take it off the list."""
    return _ask(visit, job_id, "delete")


@page(jobs, "POST", "/jobs/{job_id}/delete", permission=JOBS_DELETE, again=ask_delete)
def remove_job(visit: Visit, job_id: str) -> Response:
    """Removed, and to the list."""
    assert visit.caller is not None
    with connection() as opened:
        job_service.remove(opened, incoming.job_id(job_id), visit.caller)
    return redirect(visit.link("/jobs", done="removed"))


@page(jobs, "POST", "/jobs/{job_id}/resume", permission=JOBS_PAUSE, again=show_job)
def resume_job(visit: Visit, job_id: str) -> Response:
    """Resumed, and back to the job."""
    assert visit.caller is not None
    with connection() as opened:
        job_service.resume(opened, incoming.job_id(job_id), visit.caller)
    return redirect(visit.link(f"/jobs/{job_id}", done="resumed"))


def _ask(visit: Visit, job_id: str, action: str) -> Response:
    with connection() as opened:
        shown = job_service.get(opened, incoming.job_id(job_id), now=visit.now)
    status = 200 if visit.refused is None else 400
    return render(visit, "ask.html", job=shown.listed, action=action, status=status)

"""The list of jobs, and bringing those back that were deleted."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import job_listing
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input, Search
from chalicelib.job_listing import JobsQuery, Sort, Tag
from chalicelib.listing import Status
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_MANAGE, JOBS_VIEW
from chalicelib.serializers.jobs import State
from chalicelib.services import jobs as job_service
from functions.db import sparks
from functions.db.job_list import LISTED_STATES
from functions.settings import settings

jobs = Blueprint(__name__)

_ROWS = 50
_SPARKS = 30
_MOST_REMOVED = 200


class JobsPageQuery(Input):
    """Which jobs, in which order; one state is enough for a page."""

    search: Search | None = None
    state: State | None = None
    last_status: Status | None = None
    tag: Tag | None = None
    sort: Sort = "id"
    cursor: Cursor | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether some jobs may be missing from the list."""
        return any((self.search, self.state, self.last_status, self.tag))


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
    wanted = job_listing.wanted(asked, is_enabled=settings().jobs_enabled)
    with connection() as opened:
        found = job_service.page(opened, wanted, now=visit.now)
        strips = sparks.newest(opened, [job.id for job in found.jobs], limit=_SPARKS)
        # The script that asks for the table again leaves the numbers above it as they are.
        counts = {} if visit.is_fragment else job_service.counts(opened, wanted)
    return render(
        visit, "jobs.html", jobs=found.jobs, sparks=strips, query=query, counts=counts,
        total=sum(counts.get(state, 0) for state in LISTED_STATES),
        cursor=None if found.next is None else job_listing.cursor(asked, found.next),
    )  # fmt: skip


@page(jobs, "GET", "/restore", permission=JOBS_MANAGE)
def ask_restore(visit: Visit) -> Response:
    """Whether to bring them back, and which. Not at /jobs/restore: that may be a job."""
    wanted = job_listing.wanted(
        JobsQuery(state=("removed",), limit=_MOST_REMOVED), is_enabled=settings().jobs_enabled
    )  # fmt: skip
    with connection() as opened:
        removed = job_service.page(opened, wanted, now=visit.now).jobs
    return render(visit, "jobs_restore.html", jobs=removed, status=visit.status)


@page(jobs, "POST", "/jobs/restore", permission=JOBS_MANAGE, again=ask_restore)
def restore_jobs(visit: Visit) -> Response:
    """Every definition is back; to the list."""
    assert visit.caller is not None
    with connection() as opened:
        job_service.restore(opened, visit.caller)
    return redirect(visit.link("/jobs", done="restored"))

"""/jobs: list, detail, occurrences; trigger, pause, resume, remove, restore."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, job_listing, outgoing, preconditions
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import AwareInstant, Input
from chalicelib.job_listing import JobsQuery
from chalicelib.permissions import JOBS_DELETE, JOBS_MANAGE, JOBS_PAUSE, JOBS_TRIGGER, JOBS_VIEW
from chalicelib.serializers import jobs as serializers
from chalicelib.serializers.jobs import Job, JobDetail
from chalicelib.serializers.occurrences import JobOccurrences, occurrences
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from chalicelib.services import occurrences as occurrence_service
from functions.settings import settings

jobs = Blueprint(__name__)


class PauseBody(Input):
    """Why, and until when: without an end until somebody resumes it."""

    reason: Annotated[str, Meta(max_length=500)] | None = None
    until: AwareInstant | None = None


class OccurrencesQuery(Input):
    """How many, and after which instant: now."""

    count: Annotated[int, Meta(ge=1, le=50)] = 10
    after: AwareInstant | None = None


@endpoint(jobs, "GET", "/jobs", permission=JOBS_VIEW, query=JobsQuery, answers={200: list[Job]})
def list_jobs(_: Caller, query: JobsQuery) -> Response:
    """200 with a page of jobs; the Link header leads to the next one."""
    wanted = job_listing.wanted(query, is_enabled=settings().jobs_enabled)
    with connection() as opened:
        page = job_service.page(opened, wanted, now=datetime.now(UTC))
    answer = outgoing.as_json(serializers.jobs(page.jobs))
    if page.next is not None:
        answer.headers["Link"] = job_listing.next_link(jobs.current_request, query, page.next)
    return answer


@endpoint(jobs, "GET", "/jobs/{job_id}", permission=JOBS_VIEW, answers={200: JobDetail}, refusals=("jobs_not_found",))
def show_job(_: Caller, job_id: str) -> Response:
    """200 with one job and its newest executions; ETag is what a change may ask for with If-Match."""
    with connection() as opened:
        shown = job_service.get(opened, incoming.job_id(job_id), now=datetime.now(UTC))
        history = execution_service.newest(opened, shown.row.id)
    return outgoing.as_json(serializers.job_detail(shown, history), ETag=shown.etag)


@endpoint(
    jobs,
    "GET",
    "/jobs/{job_id}/occurrences",
    permission=JOBS_VIEW,
    query=OccurrencesQuery,
    answers={200: JobOccurrences},
    refusals=("jobs_not_found",),
)
def list_occurrences(_: Caller, job_id: str, query: OccurrencesQuery) -> Response:
    """200 with when the job runs next, in UTC and on its own clock, and what daylight saving does to it."""
    now = datetime.now(UTC)
    with connection() as opened:
        shown = job_service.get(opened, incoming.job_id(job_id), now=now)
    found = occurrence_service.following(shown, after=query.after or now, count=query.count)
    return outgoing.as_json(occurrences(found))


@endpoint(
    jobs,
    "POST",
    "/jobs/{job_id}/trigger",
    permission=JOBS_TRIGGER,
    answers={204: None},
    refusals=("jobs_not_found", "jobs_trigger_failed", "params_invalid"),
)
def trigger_job(caller: Caller, job_id: str) -> Response:
    """204 once the job's function has been invoked; Location is the execution."""
    with connection() as opened:
        execution_id = execution_service.trigger(opened, incoming.job_id(job_id), caller)
    return outgoing.no_content(Location=incoming.link(jobs.current_request, f"/executions/{execution_id}"))


@endpoint(
    jobs,
    "POST",
    "/jobs/{job_id}/pause",
    permission=JOBS_PAUSE,
    body=PauseBody,
    answers={204: None},
    refusals=("jobs_not_found", "precondition_failed", "aws_unavailable"),
)
def pause_job(caller: Caller, job_id: str, body: PauseBody) -> Response:
    """204 once nothing of this job starts any more, until it is resumed or the pause ends."""
    condition, author = preconditions.condition(jobs.current_request), replace(caller, reason=body.reason or None)
    with connection() as opened:
        job_service.pause(
            opened,
            incoming.job_id(job_id),
            author,
            now=datetime.now(UTC),
            until=body.until,
            condition=condition,
        )
    return outgoing.no_content()


@endpoint(
    jobs,
    "POST",
    "/jobs/{job_id}/resume",
    permission=JOBS_PAUSE,
    answers={204: None},
    refusals=("jobs_not_found", "precondition_failed", "aws_unavailable"),
)
def resume_job(caller: Caller, job_id: str) -> Response:
    """204 once the job runs again at its next occurrence."""
    condition = preconditions.condition(jobs.current_request)
    with connection() as opened:
        job_service.resume(opened, incoming.job_id(job_id), caller, condition=condition)
    return outgoing.no_content()


@endpoint(
    jobs,
    "DELETE",
    "/jobs/{job_id}",
    permission=JOBS_DELETE,
    answers={204: None},
    refusals=("jobs_not_found", "precondition_failed"),
)
def remove_job(caller: Caller, job_id: str) -> Response:
    """204 once the job is off the list."""
    condition = preconditions.condition(jobs.current_request)
    with connection() as opened:
        job_service.remove(opened, incoming.job_id(job_id), caller, condition=condition)
    return outgoing.no_content()


@endpoint(jobs, "POST", "/jobs/restore", permission=JOBS_MANAGE, answers={204: None}, refusals=("jobs_restore_failed",))
def restore_jobs(caller: Caller) -> Response:
    """204 once every definition is back."""
    with connection() as opened:
        job_service.restore(opened, caller)
    return outgoing.no_content()

"""/jobs: list, detail, trigger, pause, resume, remove, restore."""

from __future__ import annotations

from datetime import UTC, datetime

from chalice.app import Blueprint, Response

from chalicelib import incoming, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.permissions import JOBS_DELETE, JOBS_MANAGE, JOBS_PAUSE, JOBS_TRIGGER, JOBS_VIEW
from chalicelib.serializers import jobs as serializers
from chalicelib.serializers.jobs import Job, JobDetail
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from functions.db import triggers

jobs = Blueprint(__name__)


@endpoint(jobs, "GET", "/jobs", permission=JOBS_VIEW, answers={200: list[Job]})
def list_jobs(_: Caller) -> Response:
    """200 with every job of the list."""
    with connection() as opened:
        listed = job_service.all_listed(opened, now=datetime.now(UTC))
    return outgoing.as_json([serializers.job(job) for job in listed])


@endpoint(jobs, "GET", "/jobs/{job_id}", permission=JOBS_VIEW, answers={200: JobDetail}, refusals=("jobs_not_found",))
def show_job(_: Caller, job_id: str) -> Response:
    """200 with one job and its newest executions."""
    with connection() as opened:
        listed = job_service.get(opened, incoming.job_id(job_id), now=datetime.now(UTC))
        trigger = triggers.get(opened, listed.row.id)
        history = execution_service.newest(opened, listed.row.id)
    return outgoing.as_json(serializers.job_detail(listed, trigger, history))


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
    jobs, "POST", "/jobs/{job_id}/pause", permission=JOBS_PAUSE, answers={204: None}, refusals=("jobs_not_found",)
)
def pause_job(caller: Caller, job_id: str) -> Response:
    """204 once nothing of this job starts any more."""
    with connection() as opened:
        job_service.pause(opened, incoming.job_id(job_id), caller)
    return outgoing.no_content()


@endpoint(
    jobs,
    "POST",
    "/jobs/{job_id}/resume",
    permission=JOBS_PAUSE,
    answers={204: None},
    refusals=("jobs_not_found", "aws_unavailable"),
)
def resume_job(caller: Caller, job_id: str) -> Response:
    """204 once the job runs again at its next occurrence."""
    with connection() as opened:
        job_service.resume(opened, incoming.job_id(job_id), caller)
    return outgoing.no_content()


@endpoint(jobs, "DELETE", "/jobs/{job_id}", permission=JOBS_DELETE, answers={204: None}, refusals=("jobs_not_found",))
def remove_job(caller: Caller, job_id: str) -> Response:
    """204 once the job is off the list."""
    with connection() as opened:
        job_service.remove(opened, incoming.job_id(job_id), caller)
    return outgoing.no_content()


@endpoint(jobs, "POST", "/jobs/restore", permission=JOBS_MANAGE, answers={204: None}, refusals=("jobs_restore_failed",))
def restore_jobs(caller: Caller) -> Response:
    """204 once every definition is back."""
    with connection() as opened:
        job_service.restore(opened, caller)
    return outgoing.no_content()

"""/executions: enqueued, listed, shown; cancelled, and given another time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, listing, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import AwareInstant, Input
from chalicelib.listing import ExecutionsQuery, JobExecutionsQuery
from chalicelib.permissions import JOBS_MANAGE, JOBS_TRIGGER, JOBS_VIEW
from chalicelib.serializers import executions as serializers
from chalicelib.serializers.executions import Execution, Executions
from chalicelib.services import cloudwatch, one_time
from chalicelib.services import executions as execution_service
from functions.settings import settings

executions = Blueprint(__name__)

Delay = Annotated[float, Meta(ge=0, le=366 * 24 * 3600, description="seconds; 0 is now")]


class EnqueueBody(Input):
    """What an execution is given, and when it is to start: now, without at, delay and after."""

    params: dict[str, Any] | None = None
    at: AwareInstant | None = None
    delay: Delay | None = None
    key: str | None = None
    after: str | None = None
    on: Literal["succeeded", "failed", "finished"] | None = None


class RescheduleBody(Input):
    """When an execution is to start: one of these."""

    at: AwareInstant | None = None
    delay: Delay | None = None


@endpoint(
    executions,
    "GET",
    "/executions",
    permission=JOBS_VIEW,
    query=ExecutionsQuery,
    answers={200: Executions},
    refusals=("jobs_not_found",),
)
def list_executions(_: Caller, query: ExecutionsQuery) -> Response:
    """200 with executions of all jobs, newest first, page by page."""
    return _page(query, query.job_id)


@endpoint(
    executions,
    "GET",
    "/jobs/{job_id}/executions",
    permission=JOBS_VIEW,
    query=JobExecutionsQuery,
    answers={200: Executions},
    refusals=("jobs_not_found",),
)
def list_job_executions(_: Caller, job_id: str, query: JobExecutionsQuery) -> Response:
    """200 with executions of one job, newest first, page by page."""
    return _page(query, incoming.job_id(job_id))


def _page(query: JobExecutionsQuery, job_id: str | None) -> Response:
    with connection() as opened:
        page = execution_service.page(
            opened, listing.wanted(query, job_id=job_id), before=listing.place(query), limit=query.limit
        )
    return outgoing.as_json(serializers.executions(page, now=datetime.now(UTC), is_enabled=settings().jobs_enabled))


@endpoint(
    executions,
    "POST",
    "/jobs/{job_id}/executions",
    permission=JOBS_TRIGGER,
    body=EnqueueBody,
    answers={201: None, 204: None},
    refusals=("jobs_not_found", "executions_not_found", "params_invalid", "enqueue_invalid"),
)
def enqueue_execution(caller: Caller, job_id: str, body: EnqueueBody) -> Response:
    """201 once it is written down; 204 when the key's execution is unfinished. Location is the execution either way."""
    found = incoming.job_id(job_id)
    with connection() as opened:
        enqueued = one_time.enqueue(
            opened,
            found,
            caller,
            params=body.params,
            at=body.at,
            delay=_duration(body.delay),
            key=body.key,
            after=None if body.after is None else incoming.execution_id(body.after),
            on=body.on,
        )
    respond = outgoing.created if enqueued.answer == "written" else outgoing.no_content
    return respond(Location=_location(enqueued.execution_id))


@endpoint(
    executions,
    "GET",
    "/executions/{execution_id}",
    permission=JOBS_VIEW,
    answers={200: Execution},
    refusals=("executions_not_found",),
)
def show_execution(_: Caller, execution_id: str) -> Response:
    """200 with one execution and its attempts."""
    with connection() as opened:
        row, attempts = execution_service.get(opened, incoming.execution_id(execution_id))
    cloud_watch = cloudwatch.lines_of(row, settings())
    is_enabled = settings().jobs_enabled
    shown = serializers.execution(row, attempts, cloud_watch, now=datetime.now(UTC), is_enabled=is_enabled)
    return outgoing.as_json(shown)


@endpoint(
    executions,
    "POST",
    "/executions/{execution_id}/cancel",
    permission=JOBS_MANAGE,
    answers={202: None, 204: None},
    refusals=("executions_not_found", "executions_already_finished"),
)
def cancel_execution(caller: Caller, execution_id: str) -> Response:
    """204 once it will not run any more; 202 when it runs and was asked to stop: Location shows whether it does."""
    found = incoming.execution_id(execution_id)
    with connection() as opened:
        has_ended = execution_service.cancel(opened, found, caller)
    return outgoing.no_content() if has_ended else outgoing.accepted(Location=_location(found))


@endpoint(
    executions,
    "POST",
    "/executions/{execution_id}/reschedule",
    permission=JOBS_MANAGE,
    body=RescheduleBody,
    answers={204: None},
    refusals=("executions_not_found", "executions_not_reschedulable", "enqueue_invalid"),
)
def reschedule_execution(caller: Caller, execution_id: str, body: RescheduleBody) -> Response:
    """204 once it starts at another time."""
    found = incoming.execution_id(execution_id)
    with connection() as opened:
        one_time.reschedule(opened, found, caller, at=body.at, delay=_duration(body.delay))
    return outgoing.no_content()


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _location(execution_id: uuid.UUID) -> str:
    return incoming.link(executions.current_request, f"/executions/{execution_id}")

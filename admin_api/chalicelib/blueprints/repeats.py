"""/executions/{id}/retry and /executions/retry: what has ended without success, run again."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, outgoing
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import AwareInstant, Input, JobId
from chalicelib.listing import Cause
from chalicelib.permissions import JOBS_TRIGGER
from chalicelib.refusals import NotValid
from chalicelib.serializers import repeats as serializers
from chalicelib.serializers.repeats import Repeats
from chalicelib.services import repeats as repeat_service
from functions.db.execution_pages import CAUSES
from functions.db.repeats import RepeatsWanted

repeats = Blueprint(__name__)


class RetryBody(Input):
    """Which executions: of one job, from an instant on, or both; the rest narrows it down."""

    job_id: JobId | None = None
    status: tuple[Literal["failed", "lost", "cancelled", "missed"], ...] = ("failed", "lost")
    cause: tuple[Cause, ...] = ()
    since_at: AwareInstant | None = msgspec.field(name="from", default=None)
    until_at: AwareInstant | None = msgspec.field(name="to", default=None)
    limit: Annotated[int, Meta(ge=1, le=100, description="how many at most, the oldest first")] = 100
    dry_run: bool = False


@endpoint(
    repeats,
    "POST",
    "/executions/{execution_id}/retry",
    permission=JOBS_TRIGGER,
    answers={204: None},
    refusals=(
        "executions_not_found",
        "executions_not_retryable",
        "jobs_not_found",
        "jobs_trigger_failed",
        "params_invalid",
    ),
)
def retry_execution(caller: Caller, execution_id: str) -> Response:
    """204 once the job's function has been invoked again; Location is the new execution."""
    with connection() as opened:
        new_id = repeat_service.retry(opened, incoming.execution_id(execution_id), caller)
    return outgoing.no_content(Location=incoming.link(repeats.current_request, f"/executions/{new_id}"))


@endpoint(
    repeats,
    "POST",
    "/executions/retry",
    permission=JOBS_TRIGGER,
    body=RetryBody,
    answers={200: Repeats},
    refusals=("jobs_not_found",),
)
def retry_executions(caller: Caller, body: RetryBody) -> Response:
    """200 with what became of each; or, of a dry run, with what would be run again."""
    if body.job_id is None and body.since_at is None:
        raise NotValid("jobId and from are missing: say which job, or since when; both narrow it down further")
    wanted = RepeatsWanted(
        statuses=body.status,
        causes=body.cause or CAUSES,
        job_id=body.job_id,
        since_at=body.since_at,
        until_at=body.until_at,
    )
    with connection() as opened:
        done = repeat_service.retry_all(opened, wanted, caller, limit=body.limit, is_dry_run=body.dry_run)
    return outgoing.as_json(serializers.repeats(done))

"""Many executions run again: which ones a filter finds, and then, once somebody has seen them, all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming
from chalicelib.database import connection
from chalicelib.inputs import Input, read_texts
from chalicelib.listing import Cause
from chalicelib.pages.executions import TimeText, as_typed
from chalicelib.pages.local_time import moment
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_TRIGGER
from chalicelib.problems import STATUSES
from chalicelib.refusals import NotValid
from chalicelib.services import repeats as repeat_service
from chalicelib.services.repeats import Repeats
from functions.db.execution_pages import CAUSES
from functions.db.repeats import RepeatsWanted
from functions.errors import JobNotFound
from functions.text import Text

retries = Blueprint(__name__)

_MOST = 100
_USUAL = ("failed", "lost")


class RetryInput(Input):
    """Which executions: of a job, from a time on, or both; as of the list, whose filters lead here."""

    job_id: Annotated[str, Meta(max_length=200)] | None = None
    status: tuple[Literal["failed", "lost", "cancelled", "missed"], ...] = ()
    cause: tuple[Cause, ...] = ()
    since: TimeText | None = msgspec.field(name="from", default=None)
    until: TimeText | None = msgspec.field(name="to", default=None)


_NOTHING = RetryInput()


@page(retries, "GET", "/executions/retry", permission=JOBS_TRIGGER, query=RetryInput)
def ask_retries(visit: Visit, query: RetryInput = _NOTHING) -> Response:
    """The filter, and what it finds: a dry run."""
    assert visit.caller is not None
    if query.job_id is None and query.since is None:
        return _page(visit, query, None)
    try:
        with connection() as opened:
            found = repeat_service.retry_all(opened, _wanted(visit, query), visit.caller, limit=_MOST, is_dry_run=True)
    except (NotValid, JobNotFound) as refused:
        return _page(replace(visit, refused=refused), query, None, status=STATUSES[refused.code].value)
    return _page(visit, query, found)


def _again(visit: Visit) -> Response:
    asked = {name: value.split(",") for name, value in visit.values.items()}
    try:
        return _page(visit, read_texts(asked, RetryInput), None)
    except NotValid:
        return _page(visit, _NOTHING, None)


@page(retries, "POST", "/executions/retry", permission=JOBS_TRIGGER, form=RetryInput, again=_again)
def retry_executions(visit: Visit, form: RetryInput) -> Response:
    """All of them run again, and to the list; or what became of each, where some did not."""
    assert visit.caller is not None
    if form.job_id is None and form.since is None:
        raise NotValid(Text("jobId and from are missing: say which job, or since when; both narrow it down further"))
    with connection() as opened:
        done = repeat_service.retry_all(opened, _wanted(visit, form), visit.caller, limit=_MOST, is_dry_run=False)
    if done.left or any(each.outcome != "retried" for each in done.repeats):
        return _page(visit, form, done)
    return redirect(visit.link("/executions", jobId=form.job_id, cause="manual", done="retried_all"))


def _wanted(visit: Visit, asked: RetryInput) -> RepeatsWanted:
    return RepeatsWanted(
        statuses=asked.status or _USUAL,
        causes=asked.cause or CAUSES,
        job_id=incoming.job_id(asked.job_id.strip()) if asked.job_id else None,
        since_at=moment(asked.since, visit.zone),
        until_at=moment(asked.until, visit.zone),
    )


def _page(visit: Visit, asked: RetryInput, found: Repeats | None, *, status: int = 200) -> Response:
    statuses = asked.status or _USUAL
    times = as_typed(visit, asked.since, asked.until)
    return render(visit, "retries.html", asked=asked, statuses=statuses, found=found, status=status, times=times)

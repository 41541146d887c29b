"""One-time executions: those that wait, and the form that enqueues one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming, job_listing, listing
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input, Search, read_texts
from chalicelib.job_listing import JobsQuery
from chalicelib.listing import JobExecutionsQuery, Status
from chalicelib.pages import params as param_fields
from chalicelib.pages.executions import reasons
from chalicelib.pages.forms import read_fields
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.start_times import WhenForm, start_time
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_TRIGGER, JOBS_VIEW
from chalicelib.refusals import NotPermitted, NotValid
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from chalicelib.services import one_time as one_time_service
from chalicelib.services import params as job_params
from functions.db.jobs import JobRow
from functions.settings import settings
from functions.text import Text, said_by

one_time = Blueprint(__name__)

_ROWS = 50
_WAITING: tuple[Status, ...] = ("queued", "scheduled")


class OneTimeQuery(Input):
    """Which page."""

    cursor: Cursor | None = None


class NewQuery(Input):
    """Of which job; or what to look for among them."""

    job: Annotated[str, Meta(max_length=200)] | None = None
    search: Search | None = None


class EnqueueForm(WhenForm, kw_only=True):
    """What is asked for beside the params, which are of the job."""

    job: Annotated[str, Meta(max_length=200)]
    key: Annotated[str, Meta(max_length=200)] | None = None
    after: Annotated[str, Meta(max_length=100)] | None = None
    on: Literal["succeeded", "failed", "finished"] | None = None


_CHOOSING = NewQuery()


@page(one_time, "GET", "/one-time", permission=JOBS_VIEW, query=OneTimeQuery)
def list_one_time(visit: Visit, query: OneTimeQuery) -> Response:
    """A page of those that wait, the newest first."""
    asked = JobExecutionsQuery(status=_WAITING, cause=("one_time",), cursor=query.cursor)
    with connection() as opened:
        wanted = listing.wanted(asked, job_id=None)
        found = execution_service.page(opened, wanted, before=listing.place(asked), limit=_ROWS)
    return render(
        visit, "one_time.html", rows=found.rows, query=query, cursor=listing.cursor(found.next),
        reasons=reasons(visit, found),
    )  # fmt: skip


@page(one_time, "GET", "/one-time/new", permission=JOBS_TRIGGER, query=NewQuery)
def show_new(visit: Visit, query: NewQuery = _CHOOSING) -> Response:
    """The form of a job; without one, the jobs to choose from."""
    if not visit.may(JOBS_VIEW):
        raise NotPermitted(JOBS_VIEW)  # it shows jobs and what they take
    if query.job is not None:
        return _form(visit, _job(visit, query.job), {})
    return _choose(visit, query)


def _again(visit: Visit) -> Response:
    """What was refused, with all that was typed; without a job there is, the jobs to choose from."""
    assert visit.refused is not None
    if not visit.may(JOBS_VIEW):
        raise visit.refused
    job_id = visit.values.get("job", "")
    if not job_id or visit.refused.code == "jobs_not_found":
        return _choose(visit, _CHOOSING)
    return _form(visit, _job(visit, job_id), {})


@page(one_time, "POST", "/one-time/new", permission=JOBS_TRIGGER, again=_again)
def enqueue(visit: Visit) -> Response:
    """Enqueued, and to the execution; or the form again, with what is wrong beside each field."""
    assert visit.caller is not None
    sent = read_fields(visit.request)
    typed = {name.removeprefix(param_fields.PREFIX): values[-1] for name, values in sent.items() if _is_param(name)}
    form = read_texts({name: values for name, values in sent.items() if not _is_param(name)}, EnqueueForm)
    job = _job(visit, form.job)
    fields = param_fields.fields_of(job_params.schema_of(job))
    unknown = typed.keys() - {each.name for each in fields}
    if unknown:
        raise NotValid(
            Text("the job has no param %(name)s any more: open its form again", name=repr(min(unknown)[:100]))
        )
    params, wrong = param_fields.read(fields, typed, visit.zone)
    wrong = {**job_params.misfits(job, params), **wrong}
    try:
        at, delay = start_time(form, visit.zone)
    except NotValid as error:
        wrong["when"] = said_by(error)
    if wrong:
        return _form(replace(visit, values={name: values[-1] for name, values in sent.items()}), job, wrong)
    after = None if form.after is None else incoming.execution_id(form.after.strip())
    with connection() as opened:
        enqueued = one_time_service.enqueue(
            opened, job.id, visit.caller, params=params, at=at, delay=delay, key=form.key, after=after,
            on=None if after is None else form.on,
        )  # fmt: skip
    done = "enqueued" if enqueued.answer == "written" else "known"
    return redirect(visit.link(f"/executions/{enqueued.execution_id}", done=done))


def _is_param(name: str) -> bool:
    return name.startswith(param_fields.PREFIX)


def _job(visit: Visit, job_id: str) -> JobRow:
    with connection() as opened:
        return job_service.get(opened, incoming.job_id(job_id), now=visit.now).row


def _form(visit: Visit, job: JobRow, wrong: Mapping[str, str]) -> Response:
    schema = job_params.schema_of(job)
    return render(
        visit, "one_time_new.html", job=job, fields=param_fields.fields_of(schema), wrong=wrong,
        about=param_fields.title_of(schema), secret=job_params.secret_names(schema),
        status=400 if wrong else 200,
    )  # fmt: skip


def _choose(visit: Visit, query: NewQuery) -> Response:
    asked = JobsQuery(search=query.search, limit=_ROWS)
    with connection() as opened:
        found = job_service.page(opened, job_listing.wanted(asked, is_enabled=settings().jobs_enabled), now=visit.now)
    return render(visit, "one_time_choose.html", jobs=found.jobs, query=query, are_more=found.next is not None)

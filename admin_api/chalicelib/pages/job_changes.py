"""What is done with one job: each asks first, and is refused where somebody else was faster."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming
from chalicelib.database import connection
from chalicelib.inputs import Input
from chalicelib.pages.local_time import instant
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_DELETE, JOBS_PAUSE, JOBS_TRIGGER
from chalicelib.preconditions import Condition
from chalicelib.services import executions as execution_service
from chalicelib.services import jobs as job_service
from chalicelib.services import params as job_params

job_changes = Blueprint(__name__)


class SeenForm(Input):
    """version: the job's etag as the page showed it; without one whatever is there is changed."""

    version: Annotated[str, Meta(max_length=50)] | None = None

    @property
    def condition(self) -> Condition:
        """What the service is to check."""
        return Condition() if self.version is None else Condition(frozenset({self.version}))


class PauseForm(SeenForm):
    """Why, and until when, on the viewer's clock."""

    reason: Annotated[str, Meta(max_length=500)] | None = None
    until: Annotated[str, Meta(max_length=16)] | None = None


@page(job_changes, "GET", "/jobs/{job_id}/pause", permission=JOBS_PAUSE)
def ask_pause(visit: Visit, job_id: str) -> Response:
    """The form: why, and until when."""
    return _ask(visit, job_id, "pause")


@page(job_changes, "POST", "/jobs/{job_id}/pause", permission=JOBS_PAUSE, form=PauseForm, again=ask_pause)
def pause_job(visit: Visit, job_id: str, form: PauseForm) -> Response:
    """Paused, and back to the job."""
    assert visit.caller is not None
    until = instant(form.until, visit.zone)
    author = replace(visit.caller, reason=form.reason)
    with connection() as opened:
        job_service.pause(
            opened, incoming.job_id(job_id), author, now=visit.now, until=until, condition=form.condition
        )  # fmt: skip
    return redirect(visit.link(f"/jobs/{job_id}", done="paused"))


@page(job_changes, "GET", "/jobs/{job_id}/resume", permission=JOBS_PAUSE)
def ask_resume(visit: Visit, job_id: str) -> Response:
    """Whether to let it run again."""
    return _ask(visit, job_id, "resume")


@page(job_changes, "POST", "/jobs/{job_id}/resume", permission=JOBS_PAUSE, form=SeenForm, again=ask_resume)
def resume_job(visit: Visit, job_id: str, form: SeenForm) -> Response:
    """Resumed, and back to the job."""
    assert visit.caller is not None
    with connection() as opened:
        job_service.resume(opened, incoming.job_id(job_id), visit.caller, condition=form.condition)
    return redirect(visit.link(f"/jobs/{job_id}", done="resumed"))


@page(job_changes, "GET", "/jobs/{job_id}/trigger", permission=JOBS_TRIGGER)
def ask_trigger(visit: Visit, job_id: str) -> Response:
    """Whether to run it now."""
    return _ask(visit, job_id, "trigger")


@page(job_changes, "POST", "/jobs/{job_id}/trigger", permission=JOBS_TRIGGER, form=SeenForm, again=ask_trigger)
def trigger_job(visit: Visit, job_id: str, form: SeenForm) -> Response:
    """Triggered, and to the execution: running it does not depend on what else changed."""
    del form
    assert visit.caller is not None
    with connection() as opened:
        execution_id = execution_service.trigger(opened, incoming.job_id(job_id), visit.caller)
    return redirect(visit.link(f"/executions/{execution_id}", done="triggered"))


@page(job_changes, "GET", "/jobs/{job_id}/delete", permission=JOBS_DELETE)
def ask_delete(visit: Visit, job_id: str) -> Response:
    """Whether to take it off the list."""
    return _ask(visit, job_id, "delete")


@page(job_changes, "POST", "/jobs/{job_id}/delete", permission=JOBS_DELETE, form=SeenForm, again=ask_delete)
def remove_job(visit: Visit, job_id: str, form: SeenForm) -> Response:
    """Removed, and to the list."""
    assert visit.caller is not None
    with connection() as opened:
        job_service.remove(opened, incoming.job_id(job_id), visit.caller, condition=form.condition)
    return redirect(visit.link("/jobs", done="removed"))


def _ask(visit: Visit, job_id: str, action: str) -> Response:
    with connection() as opened:
        shown = job_service.get(opened, incoming.job_id(job_id), now=visit.now)
    has_params = job_params.schema_of(shown.row) is not None
    return render(
        visit, "ask.html", job=shown.listed, seen=shown.etag, action=action, has_params=has_params,
        status=visit.status,
    )  # fmt: skip

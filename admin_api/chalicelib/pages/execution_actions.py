"""What is done with one execution: cancelled, run again, given another time."""

from __future__ import annotations

from datetime import timedelta

from chalice.app import Blueprint, Response

from chalicelib import incoming
from chalicelib.database import connection
from chalicelib.pages.executions import show_execution
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.start_times import WhenForm, start_time
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_MANAGE, JOBS_TRIGGER
from chalicelib.services import executions as execution_service
from chalicelib.services import one_time, repeats

execution_actions = Blueprint(__name__)


@page(execution_actions, "GET", "/executions/{execution_id}/cancel", permission=JOBS_MANAGE)
def ask_cancel(visit: Visit, execution_id: str) -> Response:
    """Whether to end it."""
    return _ask(visit, execution_id, "cancel")


@page(execution_actions, "POST", "/executions/{execution_id}/cancel", permission=JOBS_MANAGE, again=show_execution)
def cancel_execution(visit: Visit, execution_id: str) -> Response:
    """Ended, or asked to stop; and back to it."""
    assert visit.caller is not None
    with connection() as opened:
        has_ended = execution_service.cancel(opened, incoming.execution_id(execution_id), visit.caller)
    return redirect(visit.link(f"/executions/{execution_id}", done="cancelled" if has_ended else "asked"))


@page(execution_actions, "GET", "/executions/{execution_id}/retry", permission=JOBS_TRIGGER)
def ask_retry(visit: Visit, execution_id: str) -> Response:
    """Whether to run it again."""
    return _ask(visit, execution_id, "retry")


@page(execution_actions, "POST", "/executions/{execution_id}/retry", permission=JOBS_TRIGGER, again=show_execution)
def retry_execution(visit: Visit, execution_id: str) -> Response:
    """Running again, and to the new one."""
    assert visit.caller is not None
    with connection() as opened:
        new_id = repeats.retry(opened, incoming.execution_id(execution_id), visit.caller)
    return redirect(visit.link(f"/executions/{new_id}", done="retried"))


@page(execution_actions, "GET", "/executions/{execution_id}/reschedule", permission=JOBS_MANAGE)
def ask_reschedule(visit: Visit, execution_id: str) -> Response:
    """When it is to start."""
    return _ask(visit, execution_id, "reschedule")


@page(
    execution_actions, "POST", "/executions/{execution_id}/reschedule", permission=JOBS_MANAGE, form=WhenForm,
    again=ask_reschedule,
)  # fmt: skip
def reschedule_execution(visit: Visit, execution_id: str, form: WhenForm) -> Response:
    """At another time, and back to it."""
    assert visit.caller is not None
    at, delay = start_time(form, visit.zone)
    delay = timedelta() if at is None and delay is None else delay  # now
    with connection() as opened:
        one_time.reschedule(opened, incoming.execution_id(execution_id), visit.caller, at=at, delay=delay)
    return redirect(visit.link(f"/executions/{execution_id}", done="rescheduled"))


def _ask(visit: Visit, execution_id: str, action: str) -> Response:
    with connection() as opened:
        row, _ = execution_service.get(opened, incoming.execution_id(execution_id))
    return render(visit, "ask_execution.html", row=row, action=action)

"""Some jobs at once: chosen on the list, asked about, done, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib.database import connection
from chalicelib.inputs import Input, JobId
from chalicelib.pages.local_time import instant
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import MANY, Visit, is_ours
from chalicelib.permissions import JOBS_PAUSE, JOBS_TRIGGER, JOBS_VIEW
from chalicelib.refusals import NotPermitted, NotValid
from chalicelib.services import many
from chalicelib.services.many import Action
from functions.errors import JobsDisabled, JobsError
from functions.settings import settings

jobs_at_once = Blueprint(__name__)

_PERMISSIONS: Mapping[Action, str] = {"pause": JOBS_PAUSE, "resume": JOBS_PAUSE, "trigger": JOBS_TRIGGER}


class AtOnceForm(Input, kw_only=True):
    """What to do with which jobs; sure: it was asked about. next: the list they were chosen on."""

    action: Action
    ids: tuple[JobId, ...] = ()
    sure: bool = False
    reason: Annotated[str, Meta(max_length=500)] | None = None
    until: Annotated[str, Meta(max_length=16)] | None = None
    next: Annotated[str, Meta(max_length=2000)] = ""


# Not counted as one change: each of them is.
@page(jobs_at_once, "POST", "/jobs/bulk", permission=JOBS_VIEW, form=AtOnceForm, is_change=False)
def change_jobs(visit: Visit, form: AtOnceForm) -> Response:
    """Asks first; then back to the list, or what was refused and why."""
    assert visit.caller is not None
    if not visit.may(_PERMISSIONS[form.action]):
        raise NotPermitted(_PERMISSIONS[form.action])
    if not settings().jobs_enabled:
        raise JobsDisabled
    back = form.next if is_ours(form.next, visit.request) else visit.link("/jobs")
    if not form.sure:
        return _ask(visit, form, back)
    try:
        until = instant(form.until, visit.zone)
        with connection() as opened:
            author = replace(visit.caller, reason=form.reason)
            changes = many.change(opened, form.ids, form.action, author, now=visit.now, until=until)
    except NotValid as refused:
        return _ask(replace(visit, refused=refused), form, back)
    if changes.refused or changes.left:
        return render(visit, "jobs_changed.html", changes=changes, form=form, back=back)
    said = {"done": form.action, MANY: len(changes.done)}
    return redirect(f"{back}{'&' if '?' in back else '?'}done={said['done']}&{MANY}={said[MANY]}")


def _ask(visit: Visit, form: AtOnceForm, back: str) -> Response:
    ids = list(dict.fromkeys(form.ids))
    refused: JobsError | None = visit.refused
    if not 1 <= len(ids) <= many.MOST:
        refused = many.wrong_count(len(ids))
    asked = replace(visit, refused=refused)
    return render(asked, "jobs_ask.html", ids=ids, most=many.MOST, form=form, back=back, status=asked.status)

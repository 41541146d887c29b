"""The plan: what a reconcile would do, what somebody changed in AWS, and doing it."""

from __future__ import annotations

from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import preconditions
from chalicelib.database import connection
from chalicelib.inputs import Input
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_MANAGE, JOBS_VIEW
from chalicelib.services import plan as plan_service
from functions.errors import AwsUnavailable, LimitExceeded

plan_pages = Blueprint(__name__)

_SHOWN = 200


class PlanQuery(Input):
    """deep: read every trigger whole, also what no listing shows."""

    deep: bool = False


class ApplyForm(Input):
    """Which plan was looked at, and whether deeply."""

    etag: Annotated[str, Meta(max_length=100)] | None = None
    deep: bool = False


@page(plan_pages, "GET", "/plan", permission=JOBS_VIEW, query=PlanQuery)
def show_plan(visit: Visit, query: PlanQuery) -> Response:
    """What a reconcile would do now."""
    return _shown(visit, "plan.html", is_deep=query.deep)


@page(plan_pages, "GET", "/plan/apply", permission=JOBS_MANAGE, query=PlanQuery)
def ask_apply(visit: Visit, query: PlanQuery) -> Response:
    """Whether to do it."""
    return _shown(visit, "plan_apply.html", is_deep=query.deep)


def _again(visit: Visit) -> Response:
    """The plan as it is by now: what was to be applied may be another one."""
    return _shown(visit, "plan.html", is_deep=visit.values.get("deep") == "true")


@page(plan_pages, "POST", "/plan/apply", permission=JOBS_MANAGE, form=ApplyForm, again=_again)
def apply_plan(visit: Visit, form: ApplyForm) -> Response:
    """Done, as far as one request's time goes, and back to what is left."""
    assert visit.caller is not None
    condition = preconditions.of_text(form.etag) if form.etag is not None else preconditions.Condition()
    with connection() as opened:
        report = plan_service.apply(opened, visit.caller, deep=form.deep, condition=condition)
    return redirect(visit.link("/plan", done="applied_partly" if report.left else "applied"))


def _shown(visit: Visit, template: str, *, is_deep: bool) -> Response:
    try:
        with connection() as opened:
            shown, error = plan_service.look(opened, deep=is_deep), None
    except (AwsUnavailable, LimitExceeded) as refused:
        shown, error = None, refused
    steps = [] if shown is None else shown.differences
    return render(
        visit, template, shown=shown, steps=steps[:_SHOWN], more=len(steps[_SHOWN:]), error=error, is_deep=is_deep,
        drifted=sum(each.drift is not None for each in steps),
    )  # fmt: skip

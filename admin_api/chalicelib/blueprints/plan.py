"""/plan and /quota: what a reconcile would do, doing it, and how much room AWS leaves."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import outgoing, preconditions
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import Input
from chalicelib.permissions import JOBS_MANAGE, JOBS_VIEW
from chalicelib.serializers import plan as serializers
from chalicelib.serializers.plan import Applied, PlanAnswer, Quota
from chalicelib.services import plan as plan_service
from chalicelib.services import quota

plan = Blueprint(__name__)


class PlanQuery(Input):
    """deep: read every trigger whole, also what no listing shows."""

    deep: bool = False


@endpoint(
    plan,
    "GET",
    "/plan",
    permission=JOBS_VIEW,
    query=PlanQuery,
    answers={200: PlanAnswer},
    refusals=("aws_unavailable", "aws_limit_exceeded"),
)
def show_plan(_: Caller, query: PlanQuery) -> Response:
    """200 with what a reconcile would do now, and what somebody changed in AWS; nothing is changed."""
    with connection() as opened:
        shown = plan_service.look(opened, deep=query.deep)
    return outgoing.as_json(serializers.plan(shown), ETag=shown.etag)


@endpoint(
    plan,
    "POST",
    "/plan/apply",
    permission=JOBS_MANAGE,
    query=PlanQuery,
    answers={200: Applied},
    refusals=("reconcile_running", "precondition_failed", "aws_unavailable", "aws_limit_exceeded"),
)
def apply_plan(caller: Caller, query: PlanQuery) -> Response:
    """200 with what was done; what there was no time for is left, and is done by applying again."""
    condition = preconditions.condition(plan.current_request)
    with connection() as opened:
        report = plan_service.apply(opened, caller, deep=query.deep, condition=condition)
    return outgoing.as_json(serializers.applied(report))


@endpoint(plan, "GET", "/quota", permission=JOBS_VIEW, answers={200: Quota}, refusals=("aws_unavailable",))
def show_quota(_: Caller) -> Response:
    """200 with how much of AWS's limits is used."""
    with connection() as opened:
        meters = quota.meters(opened)
    return outgoing.as_json(serializers.quota(meters))
